"""A crowd of tickets beside the town's own, for plans and pages among many."""

from __future__ import annotations

import asyncpg

from domain.feedback.models import Callback
from domain.kernel.tables import Table
from domain.tickets.models import Ticket, TicketEvent
from tests.support.engines import CITY

BULK = 20_000


async def multiply(url: str, count: int) -> None:
    """Add many tickets by plain SQL: copies of the town's, spread over all units of two levels."""
    settings = {"search_path": f"{CITY},public"}
    connection = await asyncpg.connect(url, server_settings=settings)
    try:
        # Copies of rows that were checked: neither foreign keys nor the journal's guards are asked.
        await connection.execute("set session_replication_role = replica")
        await connection.execute(_FRESH.format(count=int(count)))
        for statement in _COPIES:
            await connection.execute(statement)
        await connection.execute("analyze")
    finally:
        await connection.close()


def _copy(kind: type[Table], source: str, **instead: str) -> str:
    """The statement that copies rows of a table, named `m` in `source`, with some values instead.

    Column by column: rows that go through JSON take several times as long.
    """
    columns = kind.metadata.tables[kind.__tablename__].columns.keys()
    values = ", ".join(instead.get(name, f"m.{name}") for name in columns)
    return f"insert into {kind.__tablename__} ({', '.join(columns)}) select {values} from {source}"


# Citizens' tickets stay few, as in life; every ticket has a lead, its district sees it too.
_FRESH = """
create temporary table fresh as
  select n, uuidv7(make_interval(secs => n - {count})) as id, t.id as model, u.id as unit, u.lineage
  from generate_series(1, {count}) n
  join (select id, row_number() over (order by id) - 1 as place, count(*) over () as many
        from ticket) t on t.place = n % t.many
  join (select id, lineage, row_number() over (order by code) - 1 as place, count(*) over () as many
        from unit where level in ('STREET', 'DISTRICT')) u on u.place = n % u.many
"""
_COPIES = (
    _copy(
        Ticket,
        "fresh f join ticket m on m.id = f.model",
        id="f.id", code="'B' || f.n", lead_unit_id="f.unit", citizen_id="null",
        submitter="'crowd'",
    ),
    "insert into audience (unit_id, ticket_id) select unnest(lineage), id from fresh",
    """insert into assignment (id, ticket_id, unit_id, role, round, reason, assigned_at)
       select uuidv7(), id, unit, 'LEAD', 1, 'bulk', now() from fresh""",
    _copy(
        Callback,
        "fresh f join callback m on m.ticket_id = f.model",
        id="uuidv7()", ticket_id="f.id",
    ),
    _copy(
        TicketEvent,
        "fresh f join ticket_event m on m.ticket_id = f.model and m.position = 0",
        id="uuidv7()", ticket_id="f.id",
    ),
)  # fmt: skip
