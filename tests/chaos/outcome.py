"""What came of a trial: what people were told, against what is there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from tests.chaos.inspection import Findings
from tests.chaos.load import Ledger, title_of
from tests.chaos.passing import Coming
from tests.chaos.town import VICTIMS


@dataclass(slots=True)
class Outcome:
    """The ledger, the strikes, the inspection; `lost` and `doubled` follow from comparing them."""

    ledger: Ledger
    strikes: Counter[str]
    findings: Findings
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    lateness: list[float] = field(default_factory=list)
    """Seconds by which the points that came due in the storm were told late."""

    def __str__(self) -> str:
        kills = ", ".join(f"{name}: {self.strikes[name]}" for name in VICTIMS)
        return (
            f"chaos: acknowledged={len(self.ledger.promises)} lost={len(self.lost)}"
            f" half={len(self.findings.of('half'))} timers={self.findings.fired}"
            f" twice={len(self.findings.of('twice')) + len(self.doubled)} kills={{{kills}}}"
        )

    def faults(self) -> list[str]:
        """Everything that is not as it must be, in words."""
        found = (f"{fault.sort}: {fault.code} {fault.words}" for fault in self.findings.faults)
        return [*self.lost, *self.doubled, *found]

    def compare_tickets(self) -> None:
        """Each key that was acknowledged made one ticket, each other one none or one."""
        made: defaultdict[str, list[UUID]] = defaultdict(list)
        for ticket_id, whole in self.findings.wholes.items():
            made[whole.ticket.title].append(ticket_id)
        for key in self.ledger.asked:
            ids = made.pop(title_of(key), [])
            promise = self.ledger.promises.get(key)
            if promise is not None and promise.uuid not in ids:
                self.lost.append(f"lost: {promise.code} of {key}")
            if len(ids) > 1:
                self.doubled.append(f"twice: {key} made {len(ids)} tickets")
        self.doubled += [f"nobody asked for {title}" for title in made]
        for promise in self.ledger.promises.values():
            self._compare_steps(promise.uuid, promise.code, promise.told)

    def _compare_steps(self, ticket_id: UUID, code: str, told: set[tuple[str, int]]) -> None:
        whole = self.findings.wholes.get(ticket_id)
        there = Counter((each.kind, each.round) for each in whole.events) if whole else Counter()
        for step in told:
            if there[step] == 0:
                self.lost.append(f"lost: {step} of {code}")
            elif there[step] > 1:
                self.doubled.append(f"twice: {step} of {code}")

    def compare_points(self, coming: Sequence[Coming]) -> None:
        """Each clock that was set back, and left alone, has told just the points that came due."""
        for each in coming:
            whole = self.findings.wholes[each.ticket_id]
            told = [e for e in whole.events if e.detail.get("clock") == each.clock.value]
            kinds = tuple(event.kind for event in told)
            if kinds == each.kinds:
                self.lateness.append((told[-1].at - each.at).total_seconds())
                continue
            words = f"{whole.ticket.code} {each.clock.value} told {kinds}, not {each.kinds}"
            (self.doubled if len(kinds) > len(each.kinds) else self.lost).append(words)
