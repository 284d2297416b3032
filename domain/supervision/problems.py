"""What makes a problem ticket (问题工单): too many transfers, urges, or calls for rework (P)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.dispatch import triage
from domain.dispatch.city import City, Rules
from domain.kernel.vocabulary import SupervisionTrigger
from domain.kernel.work import UnitOfWork
from domain.supervision.opening import open_by_rule
from domain.supervision.queries import transfers_in_round
from domain.tickets import commands
from domain.tickets.models import Ticket


async def dispatch_ticket(
    work: UnitOfWork,
    city: City,
    ticket_id: UUID | None,
    unit_code: str,
    reason: str | None = None,
    expected_version: int | None = None,
    *,
    joint: Sequence[str] = (),
    co_handlers: Sequence[str] = (),
) -> Ticket:
    """派单 by hand, as `dispatch.triage.dispatch_ticket`; handed on too often, it is supervised."""
    ticket = await triage.dispatch_ticket(
        work, city, ticket_id, unit_code, reason, expected_version,
        joint=joint, co_handlers=co_handlers,
    )  # fmt: skip
    await after_transfer(work, city.rules, ticket)
    return ticket


async def urge_ticket(
    work: UnitOfWork,
    rules: Rules,
    ticket_id: UUID | None,
    remark: str | None = None,
    expected_version: int | None = None,
) -> Ticket:
    """催办, as `tickets.commands.urge_ticket`; each so many urges open an order."""
    ticket = await commands.urge_ticket(work, rules.profile, ticket_id, remark, expected_version)
    most = rules.profile.supervision.urges
    if ticket.urge_count % most == 0:
        reason = f"市民催办{ticket.urge_count}次"
        await open_by_rule(work, rules, [ticket], SupervisionTrigger.URGES, reason)
    return ticket


async def after_transfer(work: UnitOfWork, rules: Rules, ticket: Ticket) -> None:
    """Open an order on a ticket that went from lead to lead too often in its present round.

    A unit that accepts and then contests has not taken the ticket: what counts is that the round
    has seen so many leads and no reply.
    """
    count = await transfers_in_round(work, ticket)
    if count >= rules.profile.supervision.transfers:
        reason = f"本轮已转派{count}次，仍无单位办理"
        await open_by_rule(work, rules, [ticket], SupervisionTrigger.TRANSFERS, reason)


async def after_rework_asked(work: UnitOfWork, rules: Rules, ticket: Ticket) -> None:
    """Open an order on a ticket whose citizen asked for a rework too often.

    Each judged round that is to be reworked counts, the present one among them; also where the
    city's rounds are used up and the ticket is about to be closed as it is.
    """
    if ticket.round >= rules.profile.supervision.reworks:
        reason = f"市民第{ticket.round}次要求重办"
        await open_by_rule(work, rules, [ticket], SupervisionTrigger.REWORKS, reason)
