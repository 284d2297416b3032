"""The one table: which news in the outbox goes where.

A topic that stands in neither part is left in the outbox, for a newer worker that knows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.accounts.passcodes import LOGIN_CODE
from jobs.sending import send_login_code

BROADCAST = frozenset({"ticket_event"})
"""To every API process, over Redis' publish and subscribe. Whoever is not listening misses it, and
reads the present state when it comes back; so it is done when Redis took it."""

JOBS: Mapping[str, str] = {LOGIN_CODE: send_login_code.__name__}
"""To one worker, as a job of that name with the row's id. Done when the job has recorded it, in the
row itself; until then the job is offered again and again."""
