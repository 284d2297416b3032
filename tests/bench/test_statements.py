"""Statements out of the server's log, and into scripts for pgbench."""

from __future__ import annotations

from pathlib import Path

from bench import writes
from bench.statements import Statement, read_log, with_variables

LOG = """\
2026-11-23 04:00:00.000 UTC [7] jiesu-api LOG:  statement: BEGIN;
2026-11-23 04:00:00.001 UTC [7] jiesu-api LOG:  execute __asyncpg_stmt_5__: SELECT a
\tFROM b WHERE c = $1::VARCHAR AND d = $2
2026-11-23 04:00:00.001 UTC [7] jiesu-api DETAIL:  Parameters: $1 = 'it''s, $2 = ''x''', $2 = NULL
2026-11-23 04:00:00.002 UTC [8]  LOG:  checkpoint starting: time
2026-11-23 04:00:00.003 UTC [7] jiesu-api LOG:  execute <unnamed>: SELECT 1
"""

TICKET = "0190aaaa-0000-7000-8000-000000000001"
CITIZEN = "0190aaaa-0000-7000-8000-000000000002"
EVENT = "0190aaaa-0000-7000-8000-000000000003"
UNIT = "b72c03df-53df-5d8b-8fff-4471125bf855"


def test_statements_and_parameters_are_read_exactly(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("earlier\n" + LOG)
    assert read_log(log, len("earlier\n")) == [
        Statement("BEGIN;", ()),
        Statement("SELECT a\nFROM b WHERE c = $1::VARCHAR AND d = $2", ("it's, $2 = 'x'", None)),
        Statement("SELECT 1", ()),
    ]


def test_parameters_become_variables_and_null_is_written() -> None:
    statement = Statement("select $2::int, $1, $10", ("a", None, *"bcdefgh", "j"))
    assert with_variables(statement) == ("select null::int, :p1, :p10", {"p1": "a", "p10": "j"})


def test_each_run_of_the_script_makes_a_ticket_of_its_own() -> None:
    script = writes.pgbench_script(
        [
            Statement("BEGIN;", ()),
            Statement(
                "INSERT INTO citizen (id, c, phone_index) VALUES ($1::UUID, $2, $3)",
                (CITIZEN, "\\x01", "\\x02"),
            ),
            Statement("select next_ticket_number($1)", ("2026-11-23",)),
            Statement(
                "INSERT INTO ticket (id, code, citizen_id, lead_unit_id, title) \n"
                "VALUES ($1::UUID, $2, $3::UUID, $4::UUID, $5)",
                (TICKET, "20261123-000003-4", CITIZEN, UNIT, "it's"),
            ),
            Statement(
                "with w0 as (select $1) select $2",
                (f'[{{"id":"{EVENT}","of":"{TICKET}","public":true}}]', "[]"),
            ),
            Statement("COMMIT;", ()),
        ]
    )
    assert script.splitlines() == [
        "select uuidv7() as u0, uuidv7() as u1, uuidv7() as u2,"
        " '\\x' || encode(sha256(uuidv7()::text::bytea), 'hex') as phone \\gset",
        "BEGIN;",
        "INSERT INTO citizen (id, c, phone_index) VALUES (:u0::UUID, '\\x01', :phone);",
        "select next_ticket_number('2026-11-23') as n \\gset",
        "INSERT INTO ticket (id, code, citizen_id, lead_unit_id, title) VALUES"
        f" (:u1::UUID, ('20261123-' || :n || '-0'), :u0::UUID, '{UNIT}'::UUID, 'it''s');",
        'with w0 as (select (\'[{"id":"\' || :u2 || \'","of":"\' || :u1 ||'
        " '\",\"public\":' || 'true}]')) select '[]';",
        "COMMIT;",
    ]


def test_only_the_transaction_of_the_ticket_is_taken() -> None:
    sent = [Statement(sql, ()) for sql in ("BEGIN;", "select staff", "ROLLBACK;")]
    wanted = [
        Statement(sql, ())
        for sql in ("BEGIN;", "INSERT INTO ticket (id)", "COMMIT;", "SELECT json_build_object()")
    ]
    assert writes.transaction_of([*sent, *wanted]) == wanted
