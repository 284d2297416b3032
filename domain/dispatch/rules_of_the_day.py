"""The city's rules as they are in force today."""

from __future__ import annotations

from datetime import date

import structlog

from domain.dispatch.city import Rules, load_rules
from domain.kernel.clock import Clock

_log = structlog.get_logger("rules")


class RulesOfTheDay:
    """Reads the city's rules anew on each local day, because profiles take effect by the day.

    Where they cannot be read, yesterday's stay in force: a mistake in a file must not stop every
    clock of the city. Raises UnknownCity when made for a city that has no data.
    """

    def __init__(self, city: str, clock: Clock) -> None:
        self._city = city
        self._clock = clock
        self._rules = load_rules(city, clock.now())
        self._day = self._today()

    def __call__(self) -> Rules:
        if self._today() != self._day:
            try:
                self._rules = load_rules(self._city, self._clock.now())
            except Exception as error:
                _log.error("rules_not_read", city=self._city, exc_info=error)
            self._day = self._today()
        return self._rules

    def _today(self) -> date:
        return self._clock.now().astimezone(self._rules.zone).date()
