"""The actor: who asks, in which role, for which unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """The roles that a token can carry (api.md); PUBLIC is the absence of a token."""

    PUBLIC = "public"
    CITIZEN = "citizen"  # 市民
    AGENT = "agent"  # 坐席
    HANDLER = "handler"  # 承办人
    SUPERVISOR = "supervisor"  # 督办员
    EVALUATOR = "evaluator"  # 考评员
    ADMIN = "admin"  # 管理员
    PARTNER = "partner"  # 合作渠道
    SYSTEM = "system"  # timers and jobs; no token can carry it


STAFF = frozenset({Role.AGENT, Role.HANDLER, Role.SUPERVISOR, Role.EVALUATOR, Role.ADMIN})
CENTRE = frozenset({Role.AGENT, Role.SUPERVISOR, Role.EVALUATOR, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Actor:
    """One caller, as its token says.

    `subject` is stable for one person or system and is what idempotency keys and rate limits hang
    on. `citizen_id` is set for citizens, `unit_id` for handlers, `channel` for partners.
    """

    role: Role
    subject: str
    citizen_id: UUID | None = None
    unit_id: UUID | None = None
    channel: str | None = None
    address: str | None = None

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF


PUBLIC = Actor(Role.PUBLIC, "public")
SYSTEM = Actor(Role.SYSTEM, "system")
