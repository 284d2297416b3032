"""What was measured: a table for people, then lines `name=value` for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from rich.console import Console
from rich.table import Table

from bench import load
from bench.load import Pressed


class Report:
    """Values by name, and which of them have a target to reach."""

    def __init__(
        self,
        targets: Mapping[str, float] | None = None,
        ceilings: Mapping[str, float] | None = None,
    ) -> None:
        """`targets` must be reached, `ceilings` not be passed."""
        self.values: dict[str, float] = {}
        self._targets = targets or {}
        self._ceilings = ceilings or {}
        self._console = Console(highlight=False)

    def add(self, name: str, value: float) -> None:
        self.values[name] = value

    def add_runs(self, name: str, runs: Mapping[str, Sequence[Pressed]]) -> None:
        """Take in what each subject gave in the same rounds, `ours` first; ratios pair by pair."""
        table = Table(title=name, title_justify="left")
        for heading in (
            "",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "CPU ms: server + db",
            "ours / it by round",
        ):
            table.add_column(heading, justify="left" if not heading else "right")
        for subject, pressed in runs.items():
            rate = median(each.rate for each in pressed)
            p50, p99 = (median(each.percentile(s) for each in pressed) for s in (0.50, 0.99))
            ratios = [own.rate / it.rate for own, it in zip(runs["ours"], pressed, strict=True)]
            shown = "" if subject == "ours" else "  ".join(f"{ratio:.2f}" for ratio in ratios)
            cpu = median(each.cpu_ms() for each in pressed)
            parts = load.joined(pressed)
            shares = " + ".join(
                f"{spent / parts.answered * 1e3:.2f}"
                for spent in (parts.server_cpu, parts.database_cpu)
            )
            table.add_row(subject, f"{rate:,.0f}", f"{p50:.1f}", f"{p99:.1f}", shares, shown)
            self.add(f"{name}.{subject}_rps", rate)
            self.add(f"{name}.{subject}_p99_ms", p99)
            self.add(f"{name}.{subject}_cpu_ms", cpu)
            self.add(f"{name}.{subject}_load_ms", parts.load_cpu / parts.answered * 1e3)
            if subject != "ours":
                self.add(f"{name}.vs_{subject}", median(ratios))
                self.add(
                    f"{name}.cpu_vs_{subject}",
                    median(
                        it.cpu_ms() / own.cpu_ms()
                        for own, it in zip(runs["ours"], pressed, strict=True)
                    ),
                )
        self._console.print(table)

    def missed(self) -> list[str]:
        """The targets that were not reached and the ceilings that were passed, in words."""
        low = [
            f"{name} is {self.values[name]:.3f}, wanted at least {wanted}"
            for name, wanted in self._targets.items()
            if self.values[name] < wanted
        ]
        high = [
            f"{name} is {self.values[name]:.2f}, wanted at most {most}"
            for name, most in self._ceilings.items()
            if self.values[name] > most
        ]
        return low + high

    def print_values(self) -> None:
        for name, value in self.values.items():
            print(f"{name}={value:.{3 if value < 1 else 2 if value < 100 else 0}f}")
