"""A small city full of tickets, made by the domain's own commands: every state, every submitter.

Everything is deterministic but for ids. `FILLED_AT` is the moment at which the city stands still.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.accounts import commands as accounts
from domain.accounts.protection import Protection
from domain.contests.models import ContestRuling
from domain.dispatch import (
    calendars,
    extensions,
    intake,
    merging,
    suspending,
    triage,
)
from domain.dispatch import handling as dispatch_handling
from domain.dispatch.city import City, load_rules
from domain.feedback import handling, judging
from domain.kernel.actor import PUBLIC, SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.holidays import Day
from domain.kernel.vocabulary import ResponseLevel, Satisfaction, TicketKind
from domain.kernel.work import UnitOfWork
from domain.supervision.watching import watch
from domain.tickets import commands
from domain.tickets.history import advance
from domain.tickets.models import Ticket
from domain.tickets.workflow import Step
from domain.units.queries import id_of_code
from tests.support import offices
from tests.support.catalogue import fill_catalogue
from tests.support.engines import CITY
from tests.support.lines import fill_lines
from tests.support.merging import MERGING_COURSES, fill_protected
from tests.support.parts import DEPARTMENT, HELPER, PART_COURSES, fill_parts, hamlet

BEGUN_AT = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)
FILLED_AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SECRET = b"a secret for tests, 32 bytes long"

STREET, DISTRICT = "110105015", "110105"  # 八里庄街道 in 朝阳区
SISTER, OTHER_STREET, OTHER_DISTRICT = "110105001", "110106001", "110106"
ROOT = "11"
STAGES = (
    *("received", "answered", "redirected", "dispatched", "withdrawn", "accepted", "contacted"),
    *("replied", "unreached", "closed", "reworked", "evaluated", "redispatched", "urged"),
    *("classified", "overdue", "merged", "contested", "suspended"),
    *("upheld", "rejected", "supervised", "order reported", "satisfied", "escalated", "relieved"),
)


@dataclass(slots=True)
class Town:
    """Who lives and works in the city, and the tickets by the stage that they came to."""

    actors: dict[str, Actor]
    codes: dict[str, list[UUID]] = field(default_factory=dict)
    staff: dict[str, UUID] = field(default_factory=dict)
    catalogue: dict[str, UUID] = field(default_factory=dict)
    line: UUID | None = None


class Builder:
    """Makes tickets through the domain commands, one step a minute."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database = database
        self.clock = clock
        rules = load_rules(CITY, clock.now())
        self.city = City(CITY, lambda: rules)
        self.protection = Protection(SECRET)
        self.actors: dict[str, Actor] = {}

    async def run(
        self, who: str | Actor, step: Callable[[UnitOfWork], Awaitable[Any]], minutes: int = 1
    ) -> Any:
        """Run one command as somebody, and let some minutes pass."""
        actor = self.actors[who] if isinstance(who, str) else who
        async with self.database.unit_of_work(actor) as work:
            result = await step(work)
        self.clock.advance(timedelta(minutes=minutes))
        return result

    async def people(self) -> Town:
        """Citizens, partners, staff and handlers; handlers are keyed by the code of their unit."""
        for name, phone in (("citizen", "13800000001"), ("neighbour", "13800000002")):
            given = {"citizen": "张三丰", "neighbour": "欧阳明"}[name]
            made = await self.run(
                SYSTEM,
                lambda work, p=phone, n=given: accounts.upsert_citizen(  # type: ignore[misc]
                    work, self.protection, p, n
                ),
            )
            self.actors[name] = Actor(Role.CITIZEN, f"citizen:{made.id}", citizen_id=made.id)
        for role in (Role.AGENT, Role.SUPERVISOR, Role.EVALUATOR, Role.ADMIN):
            self.actors[role.value] = Actor(role, role.value)
        for name in ("partner", "rival"):
            self.actors[name] = Actor(Role.PARTNER, name, channel="PARTNER")
        units = (STREET, SISTER, OTHER_STREET, DISTRICT, OTHER_DISTRICT, ROOT, DEPARTMENT, HELPER)
        for code in units:
            unit = await self.run(SYSTEM, lambda work, c=code: id_of_code(work.session, c))  # type: ignore[misc]
            self.actors[code] = Actor(Role.HANDLER, f"handler-{code}", unit_id=unit)
        async with self.database.unit_of_work(SYSTEM) as work:
            query = text("select id from unit where level = 'COMMUNITY' and :unit = parent_id")
            found = await work.session.scalar(query, {"unit": self.actors[STREET].unit_id})
        self.actors["community"] = Actor(Role.HANDLER, "handler-community", unit_id=found)
        await hamlet(self)
        self.actors["public"] = PUBLIC
        return Town(self.actors)

    async def staff(self) -> dict[str, UUID]:
        """Staff accounts of some of them."""
        made = {}
        for subject, role, code in (
            ("agent", Role.AGENT, None),
            ("admin", Role.ADMIN, None),
            (f"handler-{STREET}", Role.HANDLER, STREET),
        ):
            unit = self.actors[code].unit_id if code else None
            row = await self.run(
                "admin",
                lambda work, s=subject, r=role, u=unit: accounts.create_staff(  # type: ignore[misc]
                    work, subject=s, name="工作人员", role=r, unit_id=u
                ),
            )
            made[subject] = row.id
        return made

    async def submit(self, who: str, unit: str | None, **more: Any) -> UUID:
        """Take a ticket in; the centre names the unit, the others are routed by an agent."""
        actor = self.actors[who]
        contact = None
        if actor.role is not Role.CITIZEN:
            contact = intake.ContactDetails("13800000001", "张三丰")
        named = unit if actor.role is Role.AGENT else None
        submission = intake.Submission(
            **{
                "title": '路灯不亮 "引号" \\ 100%_ 𠮷😀',
                "content": "小区门口的路灯三天不亮。\n\t\u200fעברית",
                "address": "东门外",
                "contact": contact,
                "unit_code": named,
                **more,
            }
        )
        submitted: UUID = await self.run(
            who, lambda work: intake.submit_ticket(work, self.city, self.protection, submission)
        )
        if unit is not None and named is None:
            await self.dispatch(submitted, unit)
        return submitted

    async def dispatch(self, ticket: UUID, unit: str) -> None:
        await self.run(
            "agent", lambda work: triage.dispatch_ticket(work, self.city, ticket, unit, "人工派单")
        )

    async def accept(self, ticket: UUID, unit: str) -> None:
        await self.run(unit, lambda work: dispatch_handling.accept_ticket(work, ticket))

    async def reply(self, ticket: UUID, unit: str) -> None:
        rules = self.city.rules
        await self.run(unit, lambda work: handling.record_contact(work, ticket, "已电话联系"))
        await self.run(
            unit, lambda work: handling.reply_to_ticket(work, rules, ticket, "已修好。", True)
        )

    async def judge(
        self, ticket: UUID, satisfaction: Satisfaction | None, resolved: bool | None
    ) -> None:
        reached = satisfaction is not None
        judgement = judging.Judgement(reached, reached or None, resolved, satisfaction, "备注")
        rules = self.city.rules
        await self.run(
            "agent", lambda work: judging.record_callback(work, rules, ticket, judgement)
        )

    async def step(self, ticket: UUID, *moves: Step) -> None:
        """What timers do, without waiting for them."""

        async def fire(work: UnitOfWork) -> None:
            row = await work.session.get(Ticket, ticket)
            assert row is not None
            for move in moves:
                advance(work, row, move, unit_id=row.lead_unit_id, remark="时限")

        await self.run(SYSTEM, fire)

    async def bring_to(self, stage: str, who: str, unit: str, **more: Any) -> UUID:
        """Submit a ticket and take it to that stage."""
        before_dispatch = stage in {"received", "answered", "redirected", "conferred"}
        ticket = await self.submit(who, None if before_dispatch else unit, **more)
        for move in _COURSES.get(stage, ()):
            await move(self, ticket, who, unit)
        return ticket


Move = Callable[[Builder, UUID, str, str], Awaitable[Any]]


def _triaged(outcome: triage.TriageOutcome, ground: str | None) -> Move:
    return lambda b, t, who, unit: b.run(
        "supervisor",
        lambda work: triage.triage_ticket(work, b.city.rules, t, outcome, "请拨打热线。", ground),
    )


async def _withdraw(b: Builder, t: UUID, who: str, _unit: str) -> None:
    if b.actors[who].role is Role.AGENT:
        return
    await b.run(who, lambda work: merging.withdraw_ticket(work, b.city.rules, t, "自己解决了"))


async def _urge(b: Builder, t: UUID, who: str, _unit: str) -> None:
    if b.actors[who].role is Role.AGENT:
        return
    await b.run(who, lambda work: commands.urge_ticket(work, b.city.rules.profile, t, "请快些"))
    await b.run(who, lambda work: commands.add_supplement(work, t, "又坏了一盏"))


async def _evaluate(b: Builder, t: UUID, who: str, _unit: str) -> None:
    if b.actors[who].role is Role.AGENT:
        return
    judgement = judging.Judgement(True, True, True, Satisfaction.SATISFIED, "谢谢")
    await b.run(who, lambda work: judging.evaluate_ticket(work, b.city.rules, t, judgement))


async def _classify(b: Builder, t: UUID, _who: str, _unit: str) -> None:
    change = {"category": "HOUSING.HEATING", "level": ResponseLevel.L2, "reason": "供暖"}
    await b.run("agent", lambda work: triage.classify_ticket(work, b.city.rules, t, **change))  # type: ignore[arg-type]


_ACCEPT: Move = lambda b, t, _who, unit: b.accept(t, unit)  # noqa: E731
_REPLY: Move = lambda b, t, _who, unit: b.reply(t, unit)  # noqa: E731
_CONTACT: Move = lambda b, t, _who, unit: b.run(  # noqa: E731
    unit, lambda work: handling.record_contact(work, t, "第一次联系")
)
_PLEASED: Move = lambda b, t, *_: b.judge(t, Satisfaction.BASICALLY_SATISFIED, True)  # noqa: E731
_DISPLEASED: Move = lambda b, t, *_: b.judge(t, Satisfaction.DISSATISFIED, False)  # noqa: E731
_UNREACHED: Move = lambda b, t, *_: b.judge(t, None, None)  # noqa: E731
_ELSEWHERE: Move = lambda b, t, *_: b.dispatch(t, OTHER_STREET)  # noqa: E731
_LATE: Move = lambda b, t, *_: b.step(t, Step.WARN, Step.OVERDUE, Step.ESCALATE)  # noqa: E731

_ASK: Move = lambda b, t, _who, unit: b.run(  # noqa: E731
    unit, lambda work: extensions.request_extension(work, b.city.rules, t, "P3WD", "等待配件")
)


def _decided(approve: bool) -> Move:
    async def decide(b: Builder, t: UUID, _who: str, _unit: str) -> None:
        async def step(work: UnitOfWork) -> None:
            query = text("select id from extension where ticket_id = :t and status = 'REQUESTED'")
            asked = await work.session.scalar(query, {"t": t})
            await extensions.decide_extension(work, b.city.rules, asked, approve, "经核实")

        await b.run("supervisor", step)

    return decide


async def _suspend(b: Builder, t: UUID, _who: str, _unit: str) -> None:
    day = b.clock.now().date() + timedelta(days=30)
    await b.run(
        "supervisor",
        lambda work: suspending.suspend_ticket(work, b.city.rules, t, "分三步整改", day, "待供货"),
    )


_COURSES: Mapping[str, tuple[Move, ...]] = {
    "answered": (_triaged(triage.TriageOutcome.ANSWER, None),),
    "redirected": (_triaged(triage.TriageOutcome.REDIRECT, "LEGAL_ROUTE"),),
    "withdrawn": (_withdraw,),
    "accepted": (_ACCEPT,),
    "contacted": (_ACCEPT, _CONTACT, _ASK),
    "replied": (_ACCEPT, _ASK, _REPLY),
    "unreached": (_ACCEPT, _ASK, _decided(False), _REPLY, _UNREACHED),
    "closed": (_ACCEPT, _REPLY, _PLEASED),
    "reworked": (_ACCEPT, _REPLY, _DISPLEASED),
    "evaluated": (_ACCEPT, _REPLY, _DISPLEASED, _ACCEPT, _REPLY, _evaluate),
    "redispatched": (_ELSEWHERE,),
    "urged": (_urge,),
    "classified": (_classify,),
    "overdue": (_ACCEPT, _LATE),
    "suspended": (_ACCEPT, _ASK, _decided(True), _suspend),
    "contested": (offices.contest,),
    "upheld": (_classify, offices.contest, offices.rule(ContestRuling.UPHELD, SISTER)),
    "rejected": (_ACCEPT, offices.contest, offices.rule(ContestRuling.REJECTED, None)),
    "supervised": (offices.supervise,),
    "order reported": (offices.supervise, offices.report),
    "satisfied": (offices.supervise, offices.report, offices.satisfied),
    "escalated": (offices.escalate,),
    "relieved": (offices.escalate, _ELSEWHERE),
    **PART_COURSES,
    **MERGING_COURSES,
}


async def fill_town(url: str) -> Town:
    """Fill a seeded database with about seventy tickets; return who and what is in it."""
    clock = FixedClock(BEGUN_AT)
    database = Database(url, city=CITY, clock=clock, pool_size=2)
    try:
        builder = Builder(database, clock)
        town = await builder.people()
        town.staff = await builder.staff()
        holiday = [Day(date(2026, 12, 31), False, "元旦")]
        await builder.run(
            "admin", lambda work: calendars.declare_holidays(work, holiday, "国办通知", "调休")
        )
        await _tickets(builder, town)
        await fill_parts(builder, town)
        await _gathered(builder, town)
        town.catalogue = await fill_catalogue(builder, town.codes["closed"])
        town.line = await fill_lines(builder, town.codes)
    finally:
        await database.close()
    return town


async def _tickets(builder: Builder, town: Town) -> None:
    kinds = cycle(TicketKind)
    submitters = cycle(("citizen", "partner", "agent", "neighbour", "rival"))
    units = cycle((STREET, DISTRICT, SISTER, STREET, OTHER_STREET, OTHER_DISTRICT, STREET))
    for turn in range(3):
        for stage in STAGES:
            made = await builder.bring_to(
                stage, next(submitters), next(units), kind=next(kinds), confidential=turn == 1
            )
            town.codes.setdefault(stage, []).append(made)
        next(submitters)
    await fill_protected(builder, town)
    for kind in (TicketKind.REPORT, TicketKind.HELP):
        for who in ("citizen", "partner"):
            hidden = kind is TicketKind.HELP
            made = await builder.bring_to("accepted", who, STREET, kind=kind, confidential=hidden)
            town.codes.setdefault("hidden", []).append(made)


async def _gathered(builder: Builder, town: Town) -> None:
    """One citizen, one category, several tickets: an order over the group."""
    rules = builder.city.rules
    for _ in range(rules.profile.supervision.repeated.count):
        made = await builder.submit("citizen", STREET, category="HOUSING.HEATING")
        town.codes.setdefault("repeated", []).append(made)
    await builder.run(SYSTEM, lambda work: watch(work, rules))
    linked = text(
        "select count(distinct order_id), count(*) from supervised_ticket where ticket_id = any(:t)"
    )
    found = await builder.run(
        SYSTEM, lambda work: work.session.execute(linked, {"t": town.codes["repeated"]})
    )
    assert tuple(found.one()) == (1, len(town.codes["repeated"]))
