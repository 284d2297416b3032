"""Refusals that a caller can act on. Anything else that is raised is a fault of ours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProblemCode(StrEnum):
    """The machine-readable name of a refusal."""

    INVALID_INPUT = "INVALID_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    NOT_ALLOWED = "NOT_ALLOWED"
    NOT_FOUND = "NOT_FOUND"
    NOT_POSSIBLE_NOW = "NOT_POSSIBLE_NOW"
    CONFLICT = "CONFLICT"
    KEY_REUSED = "KEY_REUSED"
    RATE_LIMITED = "RATE_LIMITED"
    UNIT_HAS_OPEN_TICKETS = "UNIT_HAS_OPEN_TICKETS"


class DomainError(Exception):
    """Base of all refusals; `message` is fit for the caller's eyes and holds no personal data."""

    code: ProblemCode

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of one input field: `path` as the client wrote it, e.g. `contact.phone`."""

    path: str
    message: str


class InvalidInput(DomainError):
    """The input has faults; all of them at once."""

    code = ProblemCode.INVALID_INPUT

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.path}: {fault.message}" for fault in faults))
        self.faults = faults


class Unauthenticated(DomainError):
    """The command needs a token, or a code was wrong."""

    code = ProblemCode.UNAUTHENTICATED


class NotAllowed(DomainError):
    """The role may never do this. Never used to tell that a row exists."""

    code = ProblemCode.NOT_ALLOWED


class NotFound(DomainError):
    """The row does not exist, or the actor may not know that it does."""

    code = ProblemCode.NOT_FOUND


class NotPossibleNow(DomainError):
    """The state of the ticket does not allow this step."""

    code = ProblemCode.NOT_POSSIBLE_NOW


class Conflict(DomainError):
    """The row changed since the caller read it."""

    code = ProblemCode.CONFLICT


class KeyReused(DomainError):
    """An idempotency key came back with another input."""

    code = ProblemCode.KEY_REUSED


class RateLimited(DomainError):
    """Too many tries; `retry_after` in seconds."""

    code = ProblemCode.RATE_LIMITED

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after
