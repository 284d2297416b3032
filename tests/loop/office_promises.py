"""What holds for the contests of a ticket and the orders over it, asked of the database itself."""

from __future__ import annotations

from sqlalchemy import select, text

from domain.kernel.work import UnitOfWork
from domain.supervision.escalating import ended_at
from domain.supervision.models import Escalation
from domain.tickets.models import Ticket


async def contests_hold(work: UnitOfWork, ticket: Ticket) -> None:
    """A contested ticket waits for one ruling; what a ruling left or gave is locked."""
    rows = await work.session.execute(
        text(
            "select c.unit_id, c.ruling, c.to_unit_id, a.ended_at, (select count(*) "
            "from ticket_event where ticket_id = :id and kind = 'TAKE_AWAY') as taken "
            "from contest c join assignment a on a.id = c.assignment_id "
            "where c.ticket_id = :id order by c.id"
        ),
        {"id": ticket.id},
    )
    contests = rows.all()
    unruled = [contest for contest in contests if contest.ruling is None]
    waiting = [contest for contest in unruled if contest.ended_at is None]
    assert len(unruled) - len(waiting) <= max((one.taken for one in contests), default=0)
    if ticket.status == "CONTESTED":
        assert len(waiting) == 1 and waiting[0].unit_id == ticket.lead_unit_id
        return
    assert waiting == [] or ticket.status == "WITHDRAWN"
    told = await work.session.execute(
        text(
            "select t.from_unit_id, t.to_unit_id from transfer t "
            "where t.ticket_id = :id and t.cause = 'RULING' order by t.id"
        ),
        {"id": ticket.id},
    )
    upheld = [(one.unit_id, one.to_unit_id) for one in contests if one.ruling == "UPHELD"]
    assert [tuple(row) for row in told] == upheld
    locked = await work.session.scalar(
        text("select count(*) from assignment where ticket_id = :id and locked"), {"id": ticket.id}
    )
    assert locked == len([one for one in contests if one.ruling is not None])


async def orders_hold(work: UnitOfWork, ticket: Ticket) -> None:
    """One open order a trigger; it waits for a report by its timer, or for the supervisor."""
    rows = await work.session.execute(
        text(
            "select o.trigger, o.subject, o.grade, o.status, o.deadline, o.version, o.opened_at, "
            "  (select array_agg(due_at) from timer where subject_id = o.id and fired_at is null)"
            "    as armed, "
            "  (select array_agg(position order by position) from supervision_step"
            "    where order_id = o.id) as steps "
            "from supervision_order o where o.ticket_id = :id"
        ),
        {"id": ticket.id},
    )
    orders = rows.all()
    open_ = [(order.trigger, order.subject) for order in orders if order.status != "CLOSED"]
    assert len(open_) == len(set(open_))
    for order in orders:
        assert order.steps == list(range(order.version)), "each step is on the order's record"
        if order.status != "OPEN":
            assert order.armed is None
        elif order.deadline > work.now:
            assert order.armed == [order.deadline]
    late = await work.session.scalar(
        text(
            "select count(*) from ticket_event where ticket_id = :id and kind = 'OVERDUE' "
            "and detail->>'clock' = 'REPLY'"
        ),
        {"id": ticket.id},
    )
    assert bool(late) == any(order.trigger == "OVERDUE" for order in orders)


async def escalations_hold(work: UnitOfWork, ticket: Ticket) -> None:
    """Before whom a clock was brought has a timer, until the duty is done or the time is up."""
    rows = await work.session.execute(
        select(Escalation.id, Escalation.deadline).where(
            Escalation.ticket_id == ticket.id, ended_at(Escalation.__table__).is_(None)
        )
    )
    lasting = {str(row.id): row.deadline for row in rows}
    armed = await work.session.scalars(
        text(
            "select payload->>'escalation' from timer where subject_id = :id "
            "and fired_at is null and kind like 'escalation.%'"
        ),
        {"id": ticket.id},
    )
    found = list(armed)
    assert len(found) == len(set(found))
    assert set(found) <= set(lasting), "what ended is waited for no longer"
    ahead = {id_ for id_, deadline in lasting.items() if deadline > work.now}
    assert ahead <= set(found)
