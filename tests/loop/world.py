"""A city's database and the people in it, for tests that speak to the domain itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from domain.accounts.commands import upsert_citizen
from domain.accounts.protection import Protection
from domain.contests import contesting, ruling
from domain.contests.models import ContestRuling
from domain.dispatch import handling, triage
from domain.dispatch.city import City, load_rules
from domain.feedback import handling as speaking
from domain.feedback import judging
from domain.kernel.actor import SYSTEM, Actor, Role
from domain.kernel.clock import FixedClock
from domain.kernel.database import Database
from domain.kernel.errors import DomainError
from domain.kernel.visibility import parameters
from domain.kernel.vocabulary import SupervisionGrade
from domain.kernel.work import UnitOfWork
from domain.supervision import opening, problems
from domain.tickets import commands
from domain.tickets.models import Ticket
from domain.tickets.policy import standing, visible_to
from domain.tickets.workflow import Action, Party
from domain.units.queries import id_of_code
from tests.support.city import SECRET

STREETS = ("110105015", "110105014")
DISTRICTS = ("110105", "110106")
ADDRESSES = ("朝阳区八里庄街道12号楼", "八里庄街道", "朝阳区", None)
UNITS = (*STREETS, *DISTRICTS, "11", "BJ-ZJW")
Act = Callable[[UnitOfWork, UUID], Awaitable[object]]


class World:
    """A city's database and the people in it, driven from synchronous code."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = FixedClock(datetime(2026, 11, 23, 2, 0, tzinfo=UTC))
        self.database = Database(url, city="beijing", clock=self.clock, pool_size=2)
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
        upheld = given["upheld"]
        verdict = ContestRuling.UPHELD if upheld else ContestRuling.REJECTED
        acts: dict[Action, Act] = {
            Action.SUPPLEMENT: lambda w, t: commands.add_supplement(w, t, "补充"),
            Action.URGE: lambda w, t: problems.urge_ticket(w, rules, t),
            Action.WITHDRAW: lambda w, t: commands.withdraw_ticket(w, t),
            Action.EVALUATE: lambda w, t: judging.evaluate_ticket(w, rules, t, own),
            Action.ANSWER: lambda w, t: triage.triage_ticket(w, rules, t, outcome.ANSWER, "答"),
            Action.REDIRECT: lambda w, t: triage.triage_ticket(
                w, rules, t, outcome.REDIRECT, "答", "LEGAL_ROUTE"
            ),
            Action.CLASSIFY: lambda w, t: triage.classify_ticket(w, rules, t, level=given["level"]),
            Action.DISPATCH: lambda w, t: problems.dispatch_ticket(w, city, t, given["unit"]),
            Action.ACCEPT: lambda w, t: handling.accept_ticket(w, t),
            Action.RECORD_CONTACT: lambda w, t: speaking.record_contact(w, t, "联系"),
            Action.REPLY: lambda w, t: speaking.reply_to_ticket(w, rules, t, "答复", True),
            Action.RECORD_CALLBACK: lambda w, t: judging.record_callback(w, rules, t, judgement),
            Action.CONTEST: lambda w, t: contesting.contest_dispatch(
                w, rules, t, ground="WRONG_AREA", reason="不在辖区"
            ),
            Action.RULE_ON_CONTEST: lambda w, t: ruling.rule_on_contest(
                w, rules, t, verdict, "查明", given["unit"] if upheld else None
            ),
            Action.SUPERVISE: lambda w, t: opening.open_supervision(
                w, rules, t, SupervisionGrade.KEY, "久拖不决"
            ),
        }
        return acts[action]

    async def perform(self, who: str, ticket: UUID, act: Act) -> DomainError | None:
        """Do it in a unit of work of its own; the refusal, where it was refused."""
        self.clock.advance(timedelta(seconds=1))
        try:
            async with self.database.unit_of_work(self.people[who]) as work:
                await act(work, ticket)
        except DomainError as refusal:
            return refusal
        return None

    async def ticket(self, ticket_id: UUID) -> Ticket:
        async with self.database.unit_of_work(SYSTEM) as work:
            found = await work.session.get(Ticket, ticket_id)
        assert found is not None
        return found

    async def part_of(self, who: str, ticket_id: UUID) -> Party:
        """What the policy says that somebody is to the ticket."""
        row = Ticket.__table__
        statement = select(standing(row)).where(row.c.id == ticket_id)
        async with self.database.unit_of_work(SYSTEM) as work:
            found = await work.session.scalar(statement, parameters(self.people[who]))
        return Party(found)

    async def sees(self, who: str, ticket_id: UUID) -> bool:
        """Whether the policy shows the ticket; asked as the reads ask it."""
        actor, row = self.people[who], Ticket.__table__
        statement = select(row.c.id).where(row.c.id == ticket_id)
        seen = visible_to(actor.role, row)
        if seen is not None:
            statement = statement.where(seen)
        async with self.database.unit_of_work(SYSTEM) as work:
            return await work.session.scalar(statement, parameters(actor)) is not None
