"""Telephone numbers: one written form for each, and the form that may be shown."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from domain.kernel.errors import Fault, InvalidInput

_DASHES: Final = str.maketrans(dict.fromkeys("‐‑‒–—―−ー_", "-"))
_EXTENSION_WORDS: Final = re.compile(r"(?:转|分机|extension|ext|x|#)\.?:?", re.IGNORECASE)
_ALLOWED: Final = re.compile(r"[0-9+\-() ./]{3,40}")
_MOBILE: Final = re.compile(r"1[3-9]\d{9}")
_MOBILE_WITH_COUNTRY: Final = re.compile(r"(?:\+|00)?86(1[3-9]\d{9})")
_FOREIGN: Final = re.compile(r"(?:\+|00)([1-9]\d{6,14})")
# 010 and 02x are the eleven cities with three-digit codes, and all of them have eight-digit
# numbers; elsewhere numbers have seven or eight digits. A subscriber's number begins with 2-8.
_AREA: Final = r"(010|02\d|0[3-9]\d\d)"
_LANDLINE: Final = re.compile(rf"{_AREA}(\d{{7,8}})(?:-(\d+))?")
_GROUPED_LANDLINE: Final = re.compile(rf"{_AREA}-((?:\d+-)*\d+)")
_NUMBER_LENGTHS: Final = (7, 8)
_LONGEST_EXTENSION: Final = 6


class InvalidPhone(ValueError):
    """The text is no telephone number. The message does not repeat the text."""

    def __init__(self) -> None:
        super().__init__("is not a telephone number")


@dataclass(frozen=True, slots=True)
class Phone:
    """One telephone number; printed, logged or formatted it shows its masked form only.

    `clear` is the one written form of the number: `13800000000`, `010-55550000`,
    `0531-5555000-8001` (extension last), `+85255550000` (abroad).
    """

    clear: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Phone:
        """Read a number as people write it.

        Full-width digits, +86 or 0086, brackets, blanks and dashes of any kind are understood, and
        so are extensions behind `转`, `ext`, `#` or a dash. A landline needs its area code.
        Raises InvalidPhone.
        """
        number = _mobile(_plain(text)) or _landline(_plain(text)) or _foreign(_plain(text))
        if number is None:
            raise InvalidPhone
        return cls(number)

    @property
    def is_mobile(self) -> bool:
        """Whether it is a mobile number of the mainland, which a text message can reach."""
        return _MOBILE.fullmatch(self.clear) is not None

    @property
    def masked(self) -> str:
        """The form for reading: the first three digits, the last four, nothing between.

        `138****0000`, `010-****0000`, `053*-****0000`. The extension is not shown.
        """
        if self.is_mobile:
            return f"{self.clear[:3]}****{self.clear[-4:]}"
        if self.clear.startswith("+"):
            return f"{self.clear[:3]}****{self.clear[-3:]}"
        area, number = self.clear.split("-")[:2]
        return f"{area[:3]}{'*' * (len(area) - 3)}-****{number[-4:]}"

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return f"Phone({self.masked})"


def read_phone(text: str, path: str = "phone") -> Phone:
    """Read a number that a client sent. Raises InvalidInput that names the field `path`."""
    try:
        return Phone.parse(text)
    except InvalidPhone as error:
        raise InvalidInput(Fault(path, str(error))) from None


def _plain(text: str) -> str:
    """Half-width text with single dashes between groups; empty where a sign is foreign to it."""
    if len(text) > 60:
        return ""
    plain = unicodedata.normalize("NFKC", text).translate(_DASHES)
    plain = _EXTENSION_WORDS.sub("-", plain).strip()
    if not _ALLOWED.fullmatch(plain):
        return ""
    return re.sub(r"-+", "-", re.sub(r"[() ./]+", "-", plain)).strip("-")


def _mobile(plain: str) -> str | None:
    digits = plain.replace("-", "")
    match = _MOBILE_WITH_COUNTRY.fullmatch(digits)
    if match is not None:
        return match[1]
    return digits if _MOBILE.fullmatch(digits) else None


def _landline(plain: str) -> str | None:
    national = re.sub(r"^(?:\+|00)-?86-?0?", "0", plain)
    grouped = _GROUPED_LANDLINE.fullmatch(national)
    if grouped is not None:
        return _from_groups(grouped[1], grouped[2].split("-"))
    whole = _LANDLINE.fullmatch(national)
    return _written(whole[1], whole[2], whole[3] or "") if whole is not None else None


def _from_groups(area: str, groups: list[str]) -> str | None:
    """The number is the fewest groups that make seven digits or eight; the rest is extension."""
    for count in range(1, len(groups) + 1):
        number = "".join(groups[:count])
        if len(number) in _NUMBER_LENGTHS:
            return _written(area, number, "".join(groups[count:]))
    return None


def _written(area: str, number: str, extension: str) -> str | None:
    if number[0] not in "2345678" or (len(area) == 3 and len(number) != 8):
        return None
    if len(extension) > _LONGEST_EXTENSION:
        return None
    return f"{area}-{number}-{extension}" if extension else f"{area}-{number}"


def _foreign(plain: str) -> str | None:
    match = _FOREIGN.fullmatch(plain.replace("-", ""))
    if match is None or match[1].startswith("86"):
        return None
    return f"+{match[1]}"
