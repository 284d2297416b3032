"""From the rows of a file to what `submitTicket` takes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import orjson

from domain.kernel.vocabulary import Channel, TicketKind

LONGEST_TITLE: Final = 200  # schema: SubmitTicketInput
_SHORT_TITLE: Final = 30
_ADDRESS_FROM: Final = 200
_LARGEST_FIELD: Final = 10_000_000

# The headers under which others keep the same thing, in small letters.
HEADERS: Final[Mapping[str, Sequence[str]]] = {
    "title": ("title", "subject", "标题", "诉求标题", "主题"),
    "content": ("content", "text", "description", "内容", "诉求内容", "正文"),
    "kind": ("kind", "nature", "类型", "诉求类型", "性质"),
    "category": ("category", "category_code", "分类", "分类编码"),
    "address": ("address", "地址", "诉求地址", "事发地址"),
    "phone": ("phone", "telephone", "电话", "手机", "联系电话"),
    "name": ("name", "姓名", "市民姓名", "联系人"),
    "channel": ("channel", "渠道", "受理渠道", "来源"),
}
_KINDS: Final[Mapping[str, TicketKind]] = {
    "咨询": TicketKind.CONSULTATION,
    "求助": TicketKind.HELP,
    "投诉": TicketKind.COMPLAINT,
    "举报": TicketKind.REPORT,
    "建议": TicketKind.SUGGESTION,
    "表扬": TicketKind.PRAISE,
    **{kind.value: kind for kind in TicketKind},
}
_CHANNELS: Final[Mapping[str, Channel]] = {
    "电话": Channel.PHONE,
    "网站": Channel.WEB,
    "微信": Channel.WECHAT_OFFICIAL_ACCOUNT,
    "小程序": Channel.WECHAT_MINI_PROGRAM,
    "短信": Channel.SMS,
    "微博": Channel.WEIBO,
    "信箱": Channel.MAILBOX,
    **{channel.value: channel for channel in Channel},
}


class NoColumn(Exception):
    """The file has no column that a ticket could be made of; the message names the headers."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How rows are read: `columns` maps our names to headers, beside those of HEADERS.

    `address_from_content` takes title and the content's beginning for the address where the row
    has none; `fit` cuts titles that are too long; `channel` is that of rows which name none.
    """

    columns: Mapping[str, str]
    address_from_content: bool = False
    fit: bool = False
    channel: Channel = Channel.IMPORT


def read_rows(path: Path, limit: int | None = None) -> list[dict[str, str]]:
    """Read the rows of a `.csv` or `.csv.gz` (UTF-8, header row), at most `limit` of them.

    Raises OSError, and ValueError where it is not such a file.
    """
    csv.field_size_limit(_LARGEST_FIELD)
    try:
        with _opened(path) as file:
            return [
                {name: value or "" for name, value in row.items() if name}
                for row in islice(csv.DictReader(file), limit)
            ]
    except (csv.Error, UnicodeDecodeError, EOFError) as error:
        raise ValueError(f"{path.name} is not a CSV in UTF-8: {error}") from None


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def submissions(
    rows: Iterable[Mapping[str, str]], run: str, wishes: Wishes
) -> Iterator[dict[str, Any]]:
    """Make the inputs of `submitTicket`. Raises NoColumn where the file has no content.

    The idempotency key comes of the run and the row itself, so the same file, sent again in the
    same run, makes no ticket twice; a row that stands in the file n times makes n tickets.
    """
    seen: Counter[bytes] = Counter()
    headers: dict[str, str] | None = None
    for row in rows:
        if headers is None:
            headers = find_headers(row, wishes.columns)
        digest = hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).digest()
        seen[digest] += 1
        yield _submission(row, headers, wishes, digest) | {
            "idempotencyKey": f"replay-{run}-{digest.hex()[:32]}-{seen[digest]}"
        }


def find_headers(names: Iterable[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the header of each of our names that the file has. Raises NoColumn."""
    present = {name.strip().lower(): name for name in names}
    found: dict[str, str] = {}
    for ours, usual in HEADERS.items():
        wanted = [chosen[ours].strip().lower()] if ours in chosen else usual
        header = next((present[name] for name in wanted if name in present), None)
        if header is not None:
            found[ours] = header
        elif ours in chosen:
            raise NoColumn(f"there is no column {chosen[ours]}; there are {', '.join(present)}")
    if "content" not in found:
        raise NoColumn(
            f"which column is the content? --column content=…; there are {', '.join(present)}"
        )
    return found


def _submission(
    row: Mapping[str, str], headers: Mapping[str, str], wishes: Wishes, digest: bytes
) -> dict[str, Any]:
    def of(name: str) -> str:
        return row.get(headers[name], "").strip() if name in headers else ""

    content = row.get(headers["content"], "")
    title = of("title") if "title" in headers else " ".join(content.split())[:_SHORT_TITLE]
    address = of("address")
    if not address and wishes.address_from_content:
        address = f"{title} {content[:_ADDRESS_FROM]}".strip()
    made = {
        "title": title[:LONGEST_TITLE] if wishes.fit else title,
        "content": content,
        "category": of("category"),
        "address": address,
        "kind": _KINDS.get(of("kind").upper()),
        "channel": _CHANNELS.get(of("channel").upper(), wishes.channel),
    }
    contact = {"phone": of("phone") or fictitious_phone(digest), "name": of("name") or None}
    required = ("title", "content")
    return {name: value for name, value in made.items() if value or name in required} | {
        "contact": contact
    }


def fictitious_phone(digest: bytes) -> str:
    """A number for a row without one: of the pattern 1380000xxxx, the same for the same row."""
    return f"1380000{int.from_bytes(digest[:4]) % 10_000:04d}"
