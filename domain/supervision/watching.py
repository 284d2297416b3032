"""重复与集中诉求: many tickets that are one problem, found by looking at all of them (J28).

One statement a trigger finds the groups, whatever their number; a group is written with its tickets
locked in the order of their ids. The caller lets one worker look at a time, and at most one open
order of a group can be in the table, so each is opened once with any number of workers. A ticket
counts once: after an order is closed, only new tickets make another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import aliased

from domain.dispatch.calendars import rules_now
from domain.dispatch.city import Rules
from domain.kernel.aliases import alias_of
from domain.kernel.sections import Gathering
from domain.kernel.vocabulary import SupervisionTrigger, TicketKind, TicketStatus, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.supervision.models import SupervisedTicket, SupervisionOrder
from domain.supervision.opening import link, write_order
from domain.tickets import queries
from domain.tickets.models import Category, Ticket
from domain.tickets.workflow import SUPERVISED
from domain.units.models import Unit

BATCH = 100
"""Groups looked at in one unit of work."""

MOST = 200
"""Tickets that are put under an order at once; later looks find the others."""

_OPEN = [status.value for status in SUPERVISED]
_COUNTED = [*_OPEN, TicketStatus.CLOSED.value]

_STREET = aliased(Unit, name="street")
"""Where a ticket is about: its place, whichever unit leads it; without one, the lead."""


@dataclass(frozen=True, slots=True)
class _Group:
    """What belongs together: the key in SQL, which tickets count, and the words for it."""

    trigger: SupervisionTrigger
    gathering: Gathering
    key: ColumnElement[str]
    counted: Sequence[ColumnElement[bool]]
    words: str


async def watch(work: UnitOfWork, rules: Rules) -> int:
    """Open an order for each group that is new, and put new tickets under the open ones.

    Returns how many groups were dealt with. Groups with a ticket in other hands wait for the next
    look.
    """
    dealt = 0
    rules = await rules_now(work, rules)
    for group in _groups(rules):
        found = (await work.session.execute(_gathered(group, work.now))).all()
        dealt += await _write(work, rules, group, found)
    return dealt


def _groups(rules: Rules) -> Sequence[_Group]:
    supervision = rules.profile.supervision
    category = Ticket.category_code
    return (
        # An order names its tickets to the unit: those whose citizen is hidden from it are left
        # out, or it would tell which of them are the same person's (J32).
        _Group(
            SupervisionTrigger.REPEATED,
            supervision.repeated,
            cast(Ticket.citizen_id, Text()) + ":" + category,
            (
                Ticket.status.in_(_COUNTED),
                Ticket.confidential.is_(False),
                Ticket.kind != TicketKind.REPORT.value,
            ),
            "同一市民就同类事项重复诉求",
        ),
        _Group(
            SupervisionTrigger.CONCENTRATED,
            supervision.concentrated,
            cast(_STREET.id, Text()) + ":" + category,
            (Ticket.status.in_(_OPEN), _STREET.level == UnitLevel.STREET.value),
            "同一街乡同类事项集中诉求",
        ),
    )


def _gathered(group: _Group, now: datetime) -> Select[Any]:
    """The groups that reach the city's number, or have an open order and a ticket that is new."""
    order = SupervisionOrder
    linked = exists(
        select(1)
        .select_from(SupervisedTicket)
        .join(order, order.id == SupervisedTicket.order_id)
        .where(SupervisedTicket.ticket_id == Ticket.id, order.trigger == group.trigger.value)
        .correlate(Ticket)
    )
    running = alias_of(order)
    return (
        select(
            group.key,
            running.c.id,
            func.array_agg(aggregate_order_by(Ticket.id, Ticket.id.desc())),
            func.min(Category.name),
        )
        .join(Category, Category.code == Ticket.category_code)
        .join(Unit, Unit.id == Ticket.lead_unit_id)
        .join(_STREET, _STREET.code == func.coalesce(Ticket.place_code, Unit.code))
        .outerjoin(
            running,
            (running.c.trigger == group.trigger.value)
            & (running.c.subject == group.key)
            & running.c.closed_at.is_(None),
        )
        .where(
            Ticket.id >= _first_id(now, group.gathering),
            group.key.is_not(None),
            ~linked,
            *group.counted,
        )
        .group_by(group.key, running.c.id)
        .having(
            or_(running.c.id.is_not(None), func.count() >= group.gathering.count)
            & (func.count().filter(Ticket.status.in_(_OPEN)) > 0)
        )
        .order_by(group.key)
        .limit(BATCH)
    )


def _first_id(now: datetime, gathering: Gathering) -> ColumnElement[UUID]:
    """The lowest id of a ticket submitted within the time: ids are UUIDv7, so this is an index
    range of the primary key."""
    since = int((now - gathering.within.time).timestamp() * 1000)
    return literal(UUID(int=(since & 0xFFFFFFFFFFFF) << 80), Ticket.id.type)


async def _write(
    work: UnitOfWork,
    rules: Rules,
    group: _Group,
    found: Sequence[Any],
) -> int:
    wanted = {ticket_id for row in found for ticket_id in row[2][:MOST]}
    held = {ticket.id: ticket for ticket in await queries.lock_by_rule(work, sorted(wanted))}
    dealt = 0
    for key, order_id, ids, category in found:
        tickets = [held[ticket_id] for ticket_id in reversed(ids[:MOST]) if ticket_id in held]
        live = [ticket for ticket in tickets if ticket.status in _OPEN]
        if len(tickets) < len(ids[:MOST]) or not live:
            continue
        dealt += 1
        if order_id is None:
            _open(work, rules, group, tickets, _main(live), key, category)
            continue
        order = await work.session.get(SupervisionOrder, order_id, with_for_update=True)
        if order is not None and order.closed_at is None:
            link(work, order, tickets)
    await work.flush()
    return dealt


def _main(live: Sequence[Ticket]) -> Ticket:
    """The latest ticket of the unit that leads most of them, of two the one that has the latest."""
    leads = Counter(ticket.lead_unit_id for ticket in live)
    most = max(leads.values())
    return next(ticket for ticket in reversed(live) if leads[ticket.lead_unit_id] == most)


def _open(
    work: UnitOfWork,
    rules: Rules,
    group: _Group,
    tickets: Sequence[Ticket],
    main: Ticket,
    key: str,
    category: str,
) -> None:
    others = [ticket for ticket in tickets if ticket is not main]
    hours = group.gathering.within.in_chinese()
    write_order(
        work,
        rules,
        [*others, main],
        group.trigger,
        rules.profile.supervision.grades[group.trigger],
        f"{group.words}：{category}，{hours}内{len(tickets)}件",
        subject=key,
        topic=category,
    )
