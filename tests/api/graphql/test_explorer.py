"""The page for developers."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest

from api.graphql import TransportSettings

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def developer(make_client: Any) -> Any:
    return make_client(settings=TransportSettings(explorer=True))


async def test_the_page_runs_only_its_own_script(developer: Any) -> None:
    response = await developer.get("/graphql", headers=HTML)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        [text] = re.findall(rf"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


async def test_the_page_fetches_nothing_from_elsewhere(developer: Any) -> None:
    text = (await developer.get("/graphql", headers=HTML)).text
    addresses = set(re.findall(r"https?://[^\s'\"]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    # The policy stops styles and handlers written into tags; there must be none.
    assert not re.search(r"\s(style|on\w+)=", text)


async def test_what_asks_for_data_gets_data(developer: Any) -> None:
    for path, headers in (
        ("/graphql?query=%7B__typename%7D", HTML),
        ("/graphql?query=%7B__typename%7D", {"accept": "*/*"}),
    ):
        response = await developer.get(path, headers=headers)
        assert response.json()["data"] == {"__typename": "Query"}
    response = await developer.post("/graphql", json={"query": "{ __typename }"}, headers=HTML)
    assert response.json()["data"] == {"__typename": "Query"}
    assert (await developer.get("/graphql", headers={"accept": "*/*"})).status_code == 400


async def test_there_is_no_page_unless_it_is_switched_on(client: Any) -> None:
    response = await client.get("/graphql", headers=HTML)
    assert response.status_code == 400
    assert "<html" not in response.text
    assert (await client.get("/graphql", headers={"accept": "text/html"})).status_code == 406
