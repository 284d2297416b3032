"""A city's database and the people in it, for tests that speak to the domain itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, bindparam, select, text

from domain.accounts.commands import upsert_citizen
from domain.accounts.protection import Protection
from domain.contests import contesting, ruling
from domain.contests.models import ContestRuling
from domain.dispatch import (
    conferring,
    extensions,
    handling,
    helping,
    joint,
    merging,
    splitting,
    suspending,
    triage,
)
from domain.dispatch.city import City, load_rules
from domain.dispatch.models import Extension
from domain.feedback import following, judging
from domain.feedback import handling as speaking
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import DomainError
from domain.kernel.visibility import parameters
from domain.kernel.vocabulary import SupervisionGrade
from domain.kernel.work import UnitOfWork
from domain.supervision import opening, problems
from domain.tickets import commands, recusing
from domain.tickets.assignments import OpinionStance
from domain.tickets.models import Ticket
from domain.tickets.policy import standing, visible_to
from domain.tickets.workflow import Action, Condition, Party
from domain.units.queries import id_of_code
from domain.whistles import commands as whistles
from schema.tickets.computed import holding
from tests.support.city import SECRET

STREETS = ("110105015", "110105014")
DISTRICTS = ("110105", "110106")
ADDRESSES = ("朝阳区八里庄街道12号楼", "八里庄街道", "朝阳区", None)
JOINT, HELPER = "BJ-ZJW", "BJ-SWJ"
NOT_OURS = OpinionStance.NOT_RESPONSIBLE
UNITS = (*STREETS, *DISTRICTS, "11", JOINT, HELPER)
Act = Callable[[UnitOfWork, UUID], Awaitable[object]]


class Stand(NamedTuple):
    """What somebody is to a ticket, and the conditions that hold for the two."""

    part: Party
    holding: frozenset[Condition]


# Built once: to build them takes ten times as long as to ask them.
@cache
def _standing() -> Select[Any]:
    row = Ticket.__table__
    return select(standing(row), holding(row)).where(row.c.id == bindparam("ticket"))


@cache
def _visible(role: Role) -> Select[Any]:
    row = Ticket.__table__
    statement = select(row.c.id).where(row.c.id == bindparam("ticket"))
    seen = visible_to(role, row)
    return statement if seen is None else statement.where(seen)


class World:
    """A city's database and the people in it, driven from synchronous code."""

    def __init__(self, url: str, pool_size: int = 2) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = FixedClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
        self.database = Database(url, city="beijing", clock=self.clock, pool_size=pool_size)
        self.rules = load_rules("beijing", self.clock.now())
        self.city = City("beijing", lambda: self.rules)
        self.protection = Protection(SECRET)
        self.people: dict[str, Actor] = self.run(self._people())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        self.run(self.database.close())
        self.loop.close()

    async def _people(self) -> dict[str, Actor]:
        async with self.database.unit_of_work(SYSTEM) as work:
            one = await upsert_citizen(work, self.protection, "13800000001", None)
            other = await upsert_citizen(work, self.protection, "13800000002", None)
            units = {code: await id_of_code(work.session, code) for code in UNITS}
        people = {
            "citizen": Actor(Role.CITIZEN, f"citizen:{one.id}", citizen_id=one.id),
            "other": Actor(Role.CITIZEN, f"citizen:{other.id}", citizen_id=other.id),
            "partner": Actor(Role.PARTNER, "partner", channel="WEIBO"),
        }
        people |= {role: Actor(Role(role), role) for role in ("agent", "supervisor", "evaluator")}
        return people | {
            code: Actor(Role.HANDLER, f"handler-{code}", unit_id=unit)
            for code, unit in units.items()
        }

    def act(self, action: Action, given: dict[str, Any]) -> Act:
        """The command that an action is."""
        rules, city = self.rules, self.city
        judgement = judging.Judgement(*given["answers"])
        own = judging.Judgement(True, *(given["answers"][1:]))
        outcome = triage.TriageOutcome
        parts = [splitting.Part("题", "文", code) for code in STREETS]
        upheld = given.get("upheld")
        verdict = ContestRuling.UPHELD if upheld else ContestRuling.REJECTED

        async def excuse(work: UnitOfWork, ticket: UUID) -> object:
            """The first joint unit that is waited for; one that is none where there is none."""
            query = text(
                "select u.code from assignment a join unit u on u.id = a.unit_id "
                "where a.ticket_id = :t and a.role = 'JOINT' and a.ended_at is null "
                "and a.replied_at is null and a.excused_at is null order by a.id limit 1"
            )
            code = await work.session.scalar(query, {"t": ticket})
            return await joint.excuse_joint_unit(work, ticket, str(code), "与其无关")

        def on_whistle(command: Any, *words: Any) -> Act:
            async def act(work: UnitOfWork, ticket: UUID) -> object:
                return await command(work, await self._whistle(work, ticket), *words)

            return act

        async def confirm(work: UnitOfWork, ticket: UUID) -> object:
            query = text(
                "select r.id from report_in r join assignment a on a.id = r.assignment_id "
                "where r.ticket_id = :t order by a.ended_at is null desc, "
                "r.reported_at is not null and r.confirmed is null desc limit 1"
            )
            report = await work.session.scalar(query, {"t": ticket})
            return await whistles.confirm_report_in(work, report, True, 5)

        acts: dict[Action, Act] = {
            Action.SUPPLEMENT: lambda w, t: commands.add_supplement(w, t, "补充"),
            Action.URGE: lambda w, t: problems.urge_ticket(w, rules, t),
            Action.WITHDRAW: lambda w, t: merging.withdraw_ticket(w, rules, t),
            Action.EVALUATE: lambda w, t: judging.evaluate_ticket(w, rules, t, own),
            Action.ANSWER: lambda w, t: triage.triage_ticket(w, rules, t, outcome.ANSWER, "答"),
            Action.REDIRECT: lambda w, t: triage.triage_ticket(
                w, rules, t, outcome.REDIRECT, "答", "LEGAL_ROUTE"
            ),
            Action.CLASSIFY: lambda w, t: triage.classify_ticket(
                w,
                rules,
                t,
                level=given["level"],
                category=given["category"],
                accused_unit_code=given.get("accused"),
            ),
            Action.DISPATCH: lambda w, t: problems.dispatch_ticket(
                w, city, t, given["unit"], joint=given["joint"]
            ),
            Action.ACCEPT: lambda w, t: handling.accept_ticket(w, t),
            Action.RECORD_CONTACT: lambda w, t: speaking.record_contact(w, t, "联系"),
            Action.REPLY: lambda w, t: speaking.reply_to_ticket(w, rules, t, "答复", True),
            Action.REQUEST_EXTENSION: lambda w, t: extensions.request_extension(
                w, rules, t, given["limit"], "等待配件"
            ),
            Action.DECIDE_EXTENSION: lambda w, t: self._decide(w, t, given["approve"]),
            Action.SUSPEND: lambda w, t: suspending.suspend_ticket(
                w, rules, t, "分步整改", self.today() + timedelta(given["days"]), "待供货"
            ),
            Action.RESUME: lambda w, t: suspending.resume_ticket(w, rules, t),
            Action.RECORD_CALLBACK: lambda w, t: judging.record_callback(w, rules, t, judgement),
            Action.MERGE: lambda w, t: merging.merge_ticket(w, t, given["other"], "同一事项"),
            Action.UNMERGE: lambda w, t: following.unmerge_ticket(w, rules, t, "另有事项"),
            Action.SPLIT: lambda w, t: splitting.split_ticket(w, city, t, parts, "两件事"),
            Action.CONCLUDE: lambda w, t: speaking.conclude_ticket(w, rules, t, "汇总", True),
            Action.RECUSE: lambda w, t: recusing.recuse(w, t, "亲属"),
            Action.RECUSE_STAFF: lambda w, t: recusing.recuse_staff(w, t, "evaluator", "亲属"),
            Action.CONTEST: lambda w, t: contesting.contest_dispatch(
                w, rules, t, ground="WRONG_AREA", reason="不在辖区"
            ),
            Action.RULE_ON_CONTEST: lambda w, t: ruling.rule_on_contest(
                w, rules, t, verdict, "查明", given["unit"] if upheld else None
            ),
            Action.SUPERVISE: lambda w, t: opening.open_supervision(
                w, rules, t, SupervisionGrade.KEY, "久拖不决"
            ),
            # A joint unit takes its steps by the same commands as the lead.
            Action.ACCEPT_TASK: lambda w, t: handling.accept_ticket(w, t),
            Action.RECORD_TASK_CONTACT: lambda w, t: speaking.record_contact(w, t, "联系"),
            Action.REPLY_TO_TASK: lambda w, t: speaking.reply_to_ticket(w, rules, t, "办了", True),
            Action.REPORT_PROGRESS: lambda w, t: joint.report_progress(w, t, "等配件"),
            Action.EXCUSE_JOINT_UNIT: excuse,
            Action.ASK_CO_HANDLER: lambda w, t: helping.ask_co_handler(w, t, [HELPER], "请协助"),
            Action.RECORD_ASSISTANCE: lambda w, t: helping.record_assistance(w, t, "已协助"),
            Action.CONFER: lambda w, t: conferring.confer(w, rules, t, [JOINT, HELPER], "谁办？"),
            Action.GIVE_OPINION: lambda w, t: conferring.give_opinion(w, t, NOT_OURS, "不管"),
            Action.HAND_DOWN: lambda w, t: self._hand_down(w, t),
            Action.GIVE_BACK: lambda w, t: helping.give_back(w, t, "已办"),
            Action.WHISTLE: lambda w, t: whistles.whistle(w, rules, t, self._call()),
            Action.REPORT_IN: on_whistle(whistles.report_in, "到场"),
            Action.CONFIRM_REPORT_IN: confirm,
            Action.RATE_WHISTLE: on_whistle(whistles.rate_whistle, 4),
            Action.CLOSE_WHISTLE: on_whistle(whistles.close_whistle, "不需要了"),
        }
        return acts[action]

    def today(self) -> date:
        return self.clock.now().astimezone(self.rules.zone).date()

    async def _decide(self, work: UnitOfWork, ticket: UUID, approve: bool) -> None:
        """Decide what waits, else what was asked for last; else what nobody asked for."""
        statement = (
            select(Extension.id).where(Extension.ticket_id == ticket)
            .order_by(Extension.status != "REQUESTED", Extension.id.desc()).limit(1)
        )  # fmt: skip
        asked = await work.session.scalar(statement)
        await extensions.decide_extension(work, self.rules, asked, approve, "经核实")

    async def asked(self, ticket_id: UUID) -> bool:
        """Whether more time was ever asked for."""
        statement = select(Extension.id).where(Extension.ticket_id == ticket_id).limit(1)
        async with self.database.unit_of_work(SYSTEM) as work:
            return await work.session.scalar(statement) is not None

    def _call(self) -> whistles.Call:
        at = self.clock.now() + timedelta(hours=1)
        return whistles.Call("会商", "东门", at, (JOINT, HELPER))

    async def _hand_down(self, work: UnitOfWork, ticket: UUID) -> object:
        """The street's first community; another street's where the lead is none."""
        found = await work.session.scalar(
            text(
                "select c.code from unit c, ticket t where t.id = :t and c.level = 'COMMUNITY' "
                "order by c.parent_id = t.lead_unit_id desc nulls last, c.code limit 1"
            ),
            {"t": ticket},
        )
        return await helping.hand_down(work, self.rules, ticket, str(found), "请上门")

    async def perform(self, who: str, ticket: UUID, act: Act) -> DomainError | None:
        """Do it in a unit of work of its own; the refusal, where it was refused."""
        self.clock.advance(timedelta(seconds=1))
        try:
            async with self.database.unit_of_work(self.people[who]) as work:
                await act(work, ticket)
        except DomainError as refusal:
            return refusal
        return None

    async def _whistle(self, work: UnitOfWork, ticket: UUID) -> UUID | None:
        """The whistle of the ticket that waits for the actor's unit most; None where none is."""
        query = text(
            "select w.id from whistle w join report_in r on r.whistle_id = w.id "
            "join assignment a on a.id = r.assignment_id where w.ticket_id = :t "
            "order by a.ended_at is null desc, w.closed_at is null desc, "
            "(r.unit_id = cast(:u as uuid)) is true desc, r.reported_at is null desc, "
            "r.caller_rating is null desc limit 1"
        )
        given = {"t": ticket, "u": work.actor.unit_id}
        found: UUID | None = await work.session.scalar(query, given)
        return found

    async def stands(self, ticket_id: UUID, *names: str) -> dict[str, Stand]:
        """What each of some people is to a ticket, asked as the reads ask it."""
        found: dict[str, Stand] = {}
        async with self.database.unit_of_work(SYSTEM) as work:
            for who in names:
                values = parameters(self.people[who]) | {"ticket": ticket_id}
                part, conditions = (await work.session.execute(_standing(), values)).one()
                holding_now = frozenset(Condition(name) for name in conditions.split())
                found[who] = Stand(Party(part), holding_now)
        return found

    async def ticket(self, ticket_id: UUID) -> Ticket:
        async with self.database.unit_of_work(SYSTEM) as work:
            found = await work.session.get(Ticket, ticket_id)
        assert found is not None
        return found

    async def sees(self, who: str, ticket_id: UUID) -> bool:
        """Whether the policy shows the ticket; asked as the reads ask it."""
        actor = self.people[who]
        values = parameters(actor) | {"ticket": ticket_id}
        async with self.database.unit_of_work(SYSTEM) as work:
            return await work.session.scalar(_visible(actor.role), values) is not None
