"""The actor's side of every `visible_to` predicate: named parameters, bound when it runs.

A predicate is built once for a role and cached with the statement; only these values change from
caller to caller, so the database reuses its prepared plan.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, DateTime, Text, bindparam
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from domain.kernel.actor import Actor

PARAMETERS = frozenset({"actor_citizen_id", "actor_unit_id", "actor_subject", "actor_role"})


def actor_citizen_id() -> BindParameter[UUID]:
    return bindparam("actor_citizen_id", type_=PG_UUID(as_uuid=True))


def actor_unit_id() -> BindParameter[UUID]:
    return bindparam("actor_unit_id", type_=PG_UUID(as_uuid=True))


def actor_subject() -> BindParameter[str]:
    return bindparam("actor_subject", type_=Text())


def actor_role() -> BindParameter[str]:
    return bindparam("actor_role", type_=Text())


def present() -> BindParameter[datetime]:
    """The moment of the request: `now` of the clock that is passed in, not the database's."""
    return bindparam("present", type_=DateTime(timezone=True))


def parameters(actor: Actor) -> dict[str, Any]:
    """The values behind the names; passing all to a statement that uses some is fine."""
    return {
        "actor_citizen_id": actor.citizen_id,
        "actor_unit_id": actor.unit_id,
        "actor_subject": actor.subject,
        "actor_role": actor.role.value,
    }
