"""Who may do what with accounts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, false, true

from domain.accounts.models import Citizen, Staff
from domain.kernel.actor import CENTRE, Actor, Role
from domain.kernel.visibility import actor_citizen_id, actor_subject

# The people who call citizens: handlers on their ticket, the centre for triage and callback.
# The admin keeps accounts and has no ticket to call about.
_CALLERS: Final = frozenset({Role.AGENT, Role.HANDLER, Role.SUPERVISOR, Role.EVALUATOR})


def may_manage_staff(actor: Actor) -> bool:
    """Whether the actor may create and change staff accounts."""
    return actor.role in {Role.ADMIN, Role.SYSTEM}


def may_manage_keys(actor: Actor) -> bool:
    """Whether the actor may rotate and retire signing keys."""
    return actor.role in {Role.ADMIN, Role.SYSTEM}


def may_reveal_contact(actor: Actor) -> bool:
    """Whether the role may ever see a contact in clear; which tickets, the ticket's policy says."""
    return actor.role in _CALLERS


def may_rename_citizen(actor: Actor) -> ColumnElement[bool]:
    """Citizens whose known name the actor may replace; an unknown name anybody may fill.

    A partner or a handler could otherwise rename whoever's number it knows.
    """
    if actor.role in CENTRE:
        return true()
    return false() if actor.citizen_id is None else Citizen.id == actor.citizen_id


def citizen_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Citizens (masked) that the actor may see, given that it may see their ticket."""
    if actor.role is Role.CITIZEN:
        return Citizen.id == actor_citizen_id()
    if actor.is_staff or actor.role in {Role.PARTNER, Role.SYSTEM}:
        return true()
    return false()


def staff_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Staff that the actor may see: the admin all, others themselves."""
    if actor.role in {Role.ADMIN, Role.SYSTEM}:
        return true()
    if actor.is_staff:
        return Staff.subject == actor_subject()
    return false()
