"""What became of the rows that were sent."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from domain.kernel.vocabulary import TicketKind

_LONGEST = 80  # characters of a message of the server that are shown


@dataclass(slots=True)
class Tally:
    """Counts by what became of a row, and the seconds that each answer took."""

    begun: datetime
    dispatched: Counter[str] = field(default_factory=Counter)  # by the lead's level
    waiting: Counter[str] = field(default_factory=Counter)  # for triage, by the route's reason
    levels: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    earlier: int = 0  # made by an earlier replay of the same run
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        counts = (self.dispatched, self.waiting, self.refused, self.failed)
        return sum(each.total() for each in counts)

    def answered(self, payload: Mapping[str, Any], seconds: float) -> None:
        """Take in the result of one `submitTicket`: a ticket or a problem."""
        insort(self.latencies, seconds)
        ticket = payload.get("ticket")
        if ticket is None:
            self._refuse(payload)
            return
        self.levels[ticket["level"]] += 1
        self.earlier += datetime.fromisoformat(ticket["submittedAt"]) < self.begun
        if ticket["lead"] is not None:
            self.dispatched[ticket["lead"]["level"]] += 1
        elif ticket["kind"] == TicketKind.CONSULTATION:  # B11: answered at once, wherever it is
            self.waiting["consultation, to be answered"] += 1
        else:
            self.waiting[ticket.get("routeReason") or ticket["status"]] += 1

    def refuse(self, why: str) -> None:
        """The server did not take the row, and would not another time."""
        self.refused[why[:_LONGEST]] += 1

    def fail(self, why: str) -> None:
        """The row could not be brought to the server."""
        self.failed[why[:_LONGEST]] += 1

    def _refuse(self, problem: Mapping[str, Any]) -> None:
        faults = [
            f"{fault['path']} {fault['message'].partition(', has ')[0]}"
            for fault in problem.get("fields") or ()
        ]
        self.refuse("; ".join(faults) or f"{problem['code']}: {problem['message']}")

    def percentile(self, share: float) -> float | None:
        """The milliseconds that `share` of the answers did not exceed; None without any."""
        if not self.latencies:
            return None
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))] * 1e3

    def show(self, console: Console, total: int) -> None:
        """Print the table and one line on speed."""
        table = Table(title=f"{self.sent:,} of {total:,} rows", title_justify="left")
        for heading in ("what became of them", "", "rows"):
            table.add_column(heading, justify="right" if heading == "rows" else "left")
        for what, counts in (
            ("dispatched to", self.dispatched),
            ("waiting for triage", self.waiting),
            ("refused", self.refused),
            ("failed", self.failed),
            ("level", self.levels),
        ):
            for number, (name, count) in enumerate(sorted(counts.items(), key=_most_first)):
                table.add_row("" if number else what, name, f"{count:,}")
            if counts:
                table.add_section()
        console.print(table)
        if self.earlier:
            console.print(f"{self.earlier:,} of them were there already, from this run before")
        p50, p95 = self.percentile(0.50), self.percentile(0.95)
        if p50 is not None and p95 is not None and self.seconds > 0:
            rate = len(self.latencies) / self.seconds
            console.print(
                f"{rate:,.1f} answers/s over {self.seconds:.1f} s;"
                f" half within {p50:.0f} ms, 95 % within {p95:.0f} ms"
            )


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return (-item[1], item[0])
