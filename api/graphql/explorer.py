"""The page for developers at GET /graphql: one file, no network but its own server."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib.resources import files

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@cache
def explorer_page() -> tuple[bytes, bytes]:
    """Return the page and its Content-Security-Policy.

    The policy names the hashes of the page's own script and style: nothing else runs in it.
    """
    page = files("api.graphql").joinpath("explorer.html").read_text("utf-8")
    scripts = " ".join(_hash(text) for text in _SCRIPT.findall(page))
    styles = " ".join(_hash(text) for text in _STYLE.findall(page))
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src {styles}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page.encode(), policy.encode()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
