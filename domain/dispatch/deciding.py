"""Where a submission goes: the place first, then what the catalogue says of such matters there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.catalogue.entries import Facts, text_of
from domain.catalogue.matching import Catalogue, Decision
from domain.dispatch.route import Route, RouteReason
from domain.kernel.vocabulary import ResponseLevel, TicketKind


@dataclass(frozen=True, slots=True)
class Destination:
    """The units of a submission, by code, and why.

    `lead` is None for the centre's triage queue. `reason` is for whoever sees the ticket,
    `explanation` for staff: it names version and entry. `decision` is None where an agent named
    the unit.
    """

    route: Route
    decision: Decision | None
    lead: str | None
    joint: tuple[str, ...]
    copies: tuple[str, ...]
    reason: str
    explanation: str

    @property
    def place(self) -> str | None:
        """The unit that the place pointed to; None where none, or where nobody asked."""
        return None if self.decision is None else self.route.unit_code

    @property
    def number(self) -> int | None:
        """The number of the version that decided."""
        return None if self.decision is None else self.decision.number

    @property
    def rank(self) -> int | None:
        """The rank of the entry that decided; with the number, its name for ever."""
        decided = self.decision is not None and self.decision.number is not None
        return self.decision.entry.rank if decided and self.decision is not None else None

    @property
    def level(self) -> tuple[ResponseLevel, str] | None:
        """The level that the entry gives, and why, where it gives one."""
        if self.decision is None or self.decision.entry.level is None:
            return None
        return ResponseLevel(self.decision.entry.level), f"{self.decision.source()}定级"


def destination(
    catalogue: Catalogue,
    found: Route,
    *,
    category: str | None,
    kind: TicketKind,
    line: str | None,
    at: datetime,
    title: str,
    content: str,
) -> Destination:
    """Decide by catalogue, unless an agent named the unit. `at` is local time.

    `line` is the code of the emergency line that takes the ticket.

    Where no entry but the fallback holds, the place decides as `routing` says (B12).
    """
    if found.reason is RouteReason.NAMED_UNIT:
        said = found.explain()
        return Destination(found, None, found.unit_code, (), found.copy_to, said, said)
    places = found.gazetteer
    facts = Facts(
        category=category,
        lineage=places.lineage_of(found.unit_code),
        kind=kind.value,
        minute=at.hour * 60 + at.minute,
        line=line,
        text=text_of(title, content),
    )
    decision = catalogue.decide(facts, places)
    if decision.entry.is_fallback:
        said = found.explain()
        edition = "" if decision.number is None else f"（{decision.source()}）"
        explanation = f"{said}{edition}"
    else:
        said = f"按派单目录，{decision.outcome(places)}"
        explanation = f"{decision.explain(places)}；地点：{found.because()}"
    return Destination(
        found, decision, decision.lead, decision.joint, decision.copies, said, explanation
    )
