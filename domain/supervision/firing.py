"""What a clock's timer stands for, seen from above: what ran out is escalated and supervised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from domain.dispatch import firing
from domain.dispatch.city import Rules
from domain.kernel.timers import Timer
from domain.kernel.vocabulary import ClockName, SupervisionTrigger
from domain.kernel.work import UnitOfWork
from domain.supervision import escalating
from domain.supervision.opening import open_by_rule
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step


async def fire(
    work: UnitOfWork, rules: Rules, tickets: Mapping[UUID, Ticket], due: Sequence[Timer]
) -> None:
    """Fire the clocks' timers (dispatch.firing); then put escalations on record, and open an order
    on each ticket whose reply is overdue (J28)."""
    fired = await firing.fire(work, rules, tickets, due)
    await escalating.record(work, rules, [each for each in fired if each.to is not None])
    overdue = {
        each.ticket.id: each.ticket
        for each in fired
        if each.step is Step.OVERDUE and each.clock is ClockName.REPLY
    }
    await open_by_rule(
        work, rules, list(overdue.values()), SupervisionTrigger.OVERDUE, "到期未答复"
    )
