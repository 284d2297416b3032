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
                "WITH made AS (INSERT INTO citizen (id, c, phone_index) \n"
                "SELECT $1::UUID, $2, $3) SELECT made.id",
                (CITIZEN, "\\x01", "\\x02"),
            ),
            Statement("select next_ticket_number($1)", ("2026-11-23",)),
            Statement(
                "WITH w0 AS (INSERT INTO ticket (id, code) select $1), w1 as (select $2) select $3",
                (
                    f'[{{"id":"{TICKET}","code":"20261123-000003-4","unit":"{UNIT}","x":"it\'s"}}]',
                    f'[{{"id":"{EVENT}","of":"{TICKET}","public":true}}]',
                    "20261123-000003-4",
                ),
            ),
            Statement("COMMIT;", ()),
        ]
    )
    assert script.splitlines() == [
        "select uuidv7() as u0, uuidv7() as u1, uuidv7() as u2,"
        " '\\x' || encode(sha256(uuidv7()::text::bytea), 'hex') as phone \\gset",
        "BEGIN;",
        "WITH made AS (INSERT INTO citizen (id, c, phone_index)"
        " SELECT :u0::UUID, '\\x01', :phone) SELECT made.id;",
        "select next_ticket_number('2026-11-23') as n \\gset",
        "WITH w0 AS (INSERT INTO ticket (id, code) select"
        ' (\'[{"id":"\' || :u1 || \'","code":"20261123-\' || :n || \'-0","unit":"'
        + UNIT
        + '","x":"it\'\'s"}]\')), w1 as (select'
        ' (\'[{"id":"\' || :u2 || \'","of":"\' || :u1 ||'
        " '\",\"public\":' || 'true}]')) select ('20261123-' || :n || '-0');",
        "COMMIT;",
    ]


def test_only_the_transaction_of_the_ticket_is_taken() -> None:
    sent = [Statement(sql, ()) for sql in ("BEGIN;", "select staff", "ROLLBACK;")]
    wanted = [
        Statement(sql, ())
        for sql in (
            "BEGIN;",
            "WITH w0 AS (INSERT INTO ticket (id))",
            "COMMIT;",
            "SELECT json_build_object()",
        )
    ]
    assert writes.transaction_of([*sent, *wanted]) == wanted
