"""Contests, supervision and escalation in the town of tests.support.data: moves of its tickets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from domain.contests.contesting import contest_dispatch
from domain.contests.models import ContestRuling
from domain.contests.ruling import rule_on_contest
from domain.dispatch.firing import Fired
from domain.kernel.actor import SYSTEM
from domain.kernel.vocabulary import ClockName, SupervisionGrade, UnitLevel
from domain.kernel.work import UnitOfWork
from domain.supervision import commands as supervision
from domain.supervision import escalating
from domain.supervision.models import SupervisionRuling
from domain.supervision.opening import open_supervision
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step

if TYPE_CHECKING:
    from tests.support.data import Builder

Move = Callable[["Builder", UUID, str, str], Awaitable[Any]]
SISTER, OTHER_STREET = "110105001", "110106001"


def rule(ruling: ContestRuling, to: str | None) -> Move:
    return lambda b, t, _who, unit: b.run(
        "supervisor",
        lambda work: rule_on_contest(
            work, b.city.rules, t, ruling, "已核实", OTHER_STREET if unit == to else to
        ),
    )


async def _order_of(work: UnitOfWork, ticket: UUID) -> UUID:
    query = text("select id from supervision_order where ticket_id = :id order by id limit 1")
    found: UUID = await work.session.scalar(query, {"id": ticket})
    return found


async def report(b: Builder, t: UUID, _who: str, unit: str) -> None:
    async def report(work: UnitOfWork) -> None:
        await supervision.submit_report(work, await _order_of(work, t), "已约谈并整改")

    await b.run(unit, report)


async def satisfied(b: Builder, t: UUID, _who: str, _unit: str) -> None:
    async def close(work: UnitOfWork) -> None:
        order, ruling = await _order_of(work, t), SupervisionRuling.SATISFIED
        await supervision.close_supervision(work, b.city.rules, order, ruling, "同意办结")

    await b.run("supervisor", close)


async def escalate(b: Builder, t: UUID, _who: str, _unit: str) -> None:
    """What an escalation's timer writes, without waiting for it."""

    async def fire(work: UnitOfWork) -> None:
        row = await work.session.get(Ticket, t)
        assert row is not None
        to, due = UnitLevel.DISTRICT, work.now
        advance(work, row, Step.ESCALATE, to=to.value)
        row.escalated_to = to.value
        fired = Fired(row, Step.ESCALATE, ClockName.REPLY, due, to, 1)
        await escalating.record(work, b.city.rules, [fired])

    await b.run(SYSTEM, fire)


contest: Move = lambda b, t, _who, unit: b.run(  # noqa: E731
    unit,
    lambda work: contest_dispatch(
        work, b.city.rules, t, ground="WRONG_AREA", reason="不在辖区", evidence="辖区图",
        suggested_unit_code=SISTER if unit != SISTER else OTHER_STREET,
    ),
)  # fmt: skip
supervise: Move = lambda b, t, *_: b.run(  # noqa: E731
    "supervisor",
    lambda work: open_supervision(work, b.city.rules, t, SupervisionGrade.KEY, "久拖不决"),
)
