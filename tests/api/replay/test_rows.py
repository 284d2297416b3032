"""Rows of a file become inputs: found columns, stable keys, nothing invented but a number."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.replay.rows import (
    HEADERS,
    NoColumn,
    Wishes,
    fictitious_phone,
    find_headers,
    read_rows,
    submissions,
)
from domain.kernel.vocabulary import Channel
from tests.support.cities import CITIES

AS_IS = Wishes({})
texts = st.text(max_size=20)
many_rows = st.lists(st.fixed_dictionaries({"title": texts, "content": texts}), max_size=12)


def keys(rows: list[dict[str, str]], run: str = "r") -> list[str]:
    return [made["idempotencyKey"] for made in submissions(rows, run, AS_IS)]


@settings(max_examples=60)
@given(many_rows)
def test_every_row_has_its_own_key_and_keeps_it(rows: list[dict[str, str]]) -> None:
    made = keys(rows)
    assert len(set(made)) == len(rows)
    assert keys(rows) == made
    assert not set(keys(rows, "another")) & set(made)
    assert all(len(key) <= 200 for key in made)


@settings(max_examples=60)
@given(many_rows, st.data())
def test_the_keys_of_a_part_are_those_of_the_whole(
    rows: list[dict[str, str]], data: st.DataObject
) -> None:
    """A replay with a limit, and then without it, sends the first rows under the same keys."""
    limit = data.draw(st.integers(0, len(rows)))
    assert keys(rows[:limit]) == keys(rows)[:limit]


def test_the_sample_is_understood_whole() -> None:
    rows = read_rows(CITIES / "beijing" / "sample_complaints.csv")
    made = list(submissions(rows, "r", AS_IS))
    assert len(made) == len(rows) == 62
    first = made[0]
    assert first["title"] == rows[0]["title"]
    assert first["kind"] == rows[0]["kind"]
    assert first["channel"] == rows[0]["channel"]
    assert first["contact"] == {"phone": rows[0]["phone"], "name": rows[0]["name"]}
    for one, row in zip(made, rows, strict=True):
        assert ("address" in one) is bool(row["address"])


def test_headers_in_chinese_and_of_ones_own() -> None:
    row = {"诉求内容": "路灯不亮", "诉求类型": "投诉", "受理渠道": "微博", "Where": "望京街道"}
    [made] = submissions([row], "r", Wishes({"address": "where"}))
    assert made["content"] == made["title"] == "路灯不亮"
    assert (made["kind"], made["channel"], made["address"]) == ("COMPLAINT", "WEIBO", "望京街道")


def test_a_word_that_is_not_understood_is_left_out() -> None:
    row = {"title": "t", "content": "c", "kind": "其他", "channel": "飞鸽"}
    [made] = submissions([row], "r", Wishes({}, channel=Channel.MAILBOX))
    assert "kind" not in made
    assert made["channel"] == "MAILBOX"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [(["a", "b"], {}), (["content"], {"address": "where"}), (["title"], {"content": "text"})],
    ids=["no content", "no address", "no content of that name"],
)
def test_a_missing_column_is_named(names: list[str], chosen: dict[str, str]) -> None:
    with pytest.raises(NoColumn, match=names[0]):
        find_headers(names, chosen)


def test_no_header_means_two_things() -> None:
    everything = [name for names in HEADERS.values() for name in names]
    assert len(everything) == len(set(everything))


def test_the_address_is_taken_from_the_content_only_when_asked_and_missing() -> None:
    rows = [
        {"title": "暖气不热", "content": "望京街道" + "很" * 300, "address": ""},
        {"title": "暖气不热", "content": "望京街道", "address": "方庄"},
    ]
    assert "address" not in next(submissions(rows, "r", AS_IS))
    first, second = submissions(rows, "r", Wishes({}, address_from_content=True))
    assert first["address"].startswith("暖气不热 望京街道很")
    assert len(first["address"]) <= 500
    assert second["address"] == "方庄"


def test_only_fit_shortens() -> None:
    row = {"title": "长" * 201, "content": "c"}
    [kept] = submissions([row], "r", AS_IS)
    [cut] = submissions([row], "r", Wishes({}, fit=True))
    assert kept["title"] == row["title"]
    assert cut["title"] == "长" * 200
    assert kept["idempotencyKey"] == cut["idempotencyKey"]


@given(st.binary(min_size=32, max_size=32))
def test_numbers_that_are_made_up_are_of_the_fictitious_range(digest: bytes) -> None:
    assert re.fullmatch(r"1380000\d{4}", fictitious_phone(digest))


def test_gzip_bom_and_long_fields_are_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.gz"
    long = "很" * 200_000
    path.write_bytes(gzip.compress(f"\ufefftitle,content\nt,{long}\n,\n".encode()))
    rows = read_rows(path)
    assert rows == [{"title": "t", "content": long}, {"title": "", "content": ""}]
    assert read_rows(path, 1) == rows[:1]


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.csv", b"title,content\n\xff\xfe,x\n"), ("b.csv.gz", gzip.compress(b"a,b\n" * 999)[:-9])],
    ids=["latin", "cut short"],
)
def test_what_is_no_csv_is_refused_in_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=name):
        read_rows(path)
