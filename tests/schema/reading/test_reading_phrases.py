"""What is declared of rows, put into words once: the words mean what the declaration says."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import FromClause, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import asyncpg

from domain.kernel.actor import Role
from domain.kernel.aliases import alias_of
from domain.kernel.visibility import actor_subject
from domain.tickets.models import Ticket
from domain.units.models import Unit
from schema.reading.declare import Readable, everyone
from schema.reading.phrases import Row, phrase, row_name

TICKETS = Readable(lambda _role: Ticket.__table__, everyone)
UNITS = Readable(lambda _role: Unit.__table__, everyone)
ONE = Readable(lambda _role: select(literal("one").label("word")).subquery(), everyone)


def compiled(*expressions: Any) -> Any:
    return select(*expressions).compile(dialect=asyncpg.dialect())  # type: ignore[no-untyped-call]


def followed(ticket: FromClause) -> Any:
    follower = alias_of(Ticket)
    return exists(select(1).where(follower.c.primary_id == ticket.c.id))


def led_by(ticket: FromClause, unit: FromClause) -> Any:
    return or_(unit.c.id == ticket.c.lead_unit_id, ticket.c.status == "RECEIVED")


def own(ticket: FromClause) -> Any:
    return ticket.c.submitter == actor_subject()


def named(name: str, row: FromClause) -> Any:
    return row.c[name]


def test_no_row_within_an_expression_hides_the_row_that_it_is_about() -> None:
    """Were the row called `ticket_1`, its follower would be compared with itself."""
    name = row_name(1, Ticket.__table__)
    sql = str(compiled(phrase(followed, Role.AGENT, Row(TICKETS, name))))
    assert f"ticket_1.primary_id = {name}.id" in sql
    assert f"ticket AS {name}" not in sql, "the row is the statement's, not the expression's"


def test_an_expression_about_two_rows_keeps_them_apart() -> None:
    sql = str(compiled(phrase(led_by, Role.AGENT, Row(TICKETS, "r1"), Row(UNITS, "r2"))))
    assert "r2.id = r1.lead_unit_id OR r1.status" in sql


def test_it_stays_together_wherever_it_is_put() -> None:
    either = phrase(led_by, Role.AGENT, Row(TICKETS, "r1"), Row(UNITS, "r2"))
    column = phrase(named, Role.AGENT, Row(TICKETS, "r1"), given=("code",))
    sql = str(select(column).where(either, column.is_not(None)))  # type: ignore[union-attr]
    assert sql.startswith("SELECT r1.code") and "WHERE (r2.id" in sql and ") AND r1.code IS" in sql


def test_values_and_parameters_are_bound_each_under_its_name() -> None:
    mine = phrase(own, Role.CITIZEN, Row(TICKETS, "r1"))
    either = phrase(led_by, Role.AGENT, Row(TICKETS, "r1"), Row(UNITS, "r2"))
    later = phrase(led_by, Role.HANDLER, Row(TICKETS, "r1"), Row(UNITS, "r2"))
    statement = compiled(mine, either, later, mine)
    names = statement.positiontup
    assert names[0] == "actor_subject" and len(names) == len(set(names)) == 3
    assert [statement.params[name] for name in names] == [None, "RECEIVED", "RECEIVED"]


def test_a_parameter_of_the_rows_themselves_is_none_of_the_expressions() -> None:
    statement = compiled(phrase(named, Role.ADMIN, Row(ONE, "r1"), given=("word",)))
    assert str(statement).startswith("SELECT r1.word") and not statement.positiontup


def test_it_is_made_once_for_each_role() -> None:
    made = []

    def counted(role: Role, ticket: FromClause) -> Any:
        made.append(role)
        return None if role is Role.SYSTEM else ticket.c.code == role.value

    for name in ("r1", "r2", "r3"):
        for role in (Role.SYSTEM, Role.AGENT, Role.ADMIN):
            phrase(counted, role, Row(TICKETS, name), given=(role,))
    assert made == [Role.SYSTEM, Role.AGENT, Role.ADMIN]
    assert phrase(counted, Role.SYSTEM, Row(TICKETS, "r1"), given=(Role.SYSTEM,)) is None


def test_a_percent_sign_stays_one() -> None:
    def like(ticket: FromClause) -> Any:
        return func.mod(ticket.c.round, 7) + ticket.c.round % ticket.c.version

    assert "r1.round % r1.version" in str(compiled(phrase(like, Role.AGENT, Row(TICKETS, "r1"))))


def test_rows_that_nobody_named_are_refused() -> None:
    def stranger(ticket: FromClause) -> Any:
        return ticket.c.lead_unit_id == alias_of(Unit).c.id

    with pytest.raises(TypeError, match="other rows than its own"):
        phrase(stranger, Role.AGENT, Row(TICKETS, "r1"))
