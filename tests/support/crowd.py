"""A crowd of tickets beside the town's own, for plans and pages among many."""

from __future__ import annotations

import asyncpg

from tests.support.engines import CITY

BULK = 20_000


async def multiply(url: str, count: int) -> None:
    """Add many tickets by plain SQL: copies of the town's, spread over all units of two levels."""
    settings = {"search_path": f"{CITY},public"}
    connection = await asyncpg.connect(url, server_settings=settings)
    try:
        await connection.execute(_MULTIPLY.format(count=int(count)))
        await connection.execute("analyze")
    finally:
        await connection.close()


# Citizens' tickets stay few, as in life; every ticket has a lead, its district sees it too.
_MULTIPLY = """
create temporary table fresh as
  select n, uuidv7(make_interval(secs => n - {count})) as id, t.id as model, u.id as unit, u.lineage
  from generate_series(1, {count}) n
  join (select id, row_number() over (order by id) - 1 as place, count(*) over () as many
        from ticket) t on t.place = n % t.many
  join (select id, lineage, row_number() over (order by code) - 1 as place, count(*) over () as many
        from unit where level in ('STREET', 'DISTRICT')) u on u.place = n % u.many;
insert into ticket
  select (jsonb_populate_record(t, jsonb_build_object(
    'id', f.id, 'code', 'B' || f.n, 'lead_unit_id', f.unit, 'citizen_id', null,
    'submitter', 'crowd'))).*
  from fresh f join ticket t on t.id = f.model;
insert into audience select unnest(lineage), id from fresh;
insert into assignment (id, ticket_id, unit_id, role, round, reason, assigned_at)
  select uuidv7(), id, unit, 'LEAD', 1, 'bulk', now() from fresh;
insert into callback
  select (jsonb_populate_record(c, jsonb_build_object('id', uuidv7(), 'ticket_id', f.id))).*
  from fresh f join callback c on c.ticket_id = f.model;
alter table ticket_event disable trigger user;
insert into ticket_event
  select (jsonb_populate_record(e, jsonb_build_object('id', uuidv7(), 'ticket_id', f.id))).*
  from fresh f join ticket_event e on e.ticket_id = f.model and e.position = 0;
alter table ticket_event enable trigger user;
drop table fresh
"""
