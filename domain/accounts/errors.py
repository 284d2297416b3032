"""Refusals of the accounts module. Outwardly a token is refused in one way only."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from domain.kernel.errors import Unauthenticated

REFUSED: Final = "The token is not valid."
CODE_REFUSED: Final = "The code is wrong or no longer valid."


class Refusal(StrEnum):
    """Why a token was refused: for our log, never for the caller."""

    TOO_LONG = "too long"
    MALFORMED = "malformed"
    UNSAFE_HEADER = "unsafe header"
    WRONG_ALGORITHM = "wrong algorithm"
    UNKNOWN_KEY = "unknown key"
    BAD_SIGNATURE = "bad signature"
    WRONG_ISSUER = "wrong issuer"
    WRONG_AUDIENCE = "wrong audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    WRONG_CLAIMS = "wrong claims"
    UNKNOWN_UNIT = "unknown unit"
    STAFF_DISAGREES = "staff record disagrees"


class TokenRefused(Unauthenticated):
    """A token was refused; `reason` is for the log, the message is always the same."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(REFUSED)
        self.reason = reason
