"""Aliases: different within a statement, and made once for all statements."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql

from domain.kernel.aliases import alias_of, one_statement
from domain.tickets.models import Ticket
from domain.units.models import Unit


def sql() -> str:
    """A statement with three aliases of one table, one of them within a condition on another."""
    ticket, other, inner = (alias_of(Ticket) for _ in range(3))
    unit = alias_of(Unit)
    followed = exists().where(inner.c.primary_id == other.c.id, inner.c.code != ticket.c.code)
    statement = (
        select(ticket.c.id, other.c.code, unit.c.name)
        .join_from(ticket, other, other.c.primary_id == ticket.c.id)
        .join(unit, unit.c.id == other.c.lead_unit_id)
        .where(followed)
    )
    return str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]


def test_within_a_statement_each_is_another() -> None:
    with one_statement():
        made = [alias_of(Ticket) for _ in range(5)]
        assert len({id(each) for each in made}) == 5
        assert all(alias_of(Unit) is not each for each in made)


def test_the_next_statement_has_them_with_their_columns() -> None:
    with one_statement():
        first = [alias_of(Ticket), alias_of(Unit), alias_of(Ticket)]
        columns = first[0].c
    with one_statement():
        ticket, unit, other = alias_of(Ticket), alias_of(Unit), alias_of(Ticket)
    assert [ticket, unit, other] == first and ticket.c is columns


def test_the_statement_is_the_same() -> None:
    wanted = sql()
    for _ in range(2):
        with one_statement():
            assert sql() == wanted
    assert "ticket AS ticket_3" in wanted


def test_outside_and_under_a_name_each_is_new() -> None:
    assert alias_of(Ticket) is not alias_of(Ticket)
    with one_statement():
        assert alias_of(Ticket, "own") is not alias_of(Ticket, "own")


def test_a_statement_that_is_made_in_between_takes_none_of_the_outer_ones() -> None:
    with one_statement():
        before = alias_of(Ticket)
        with one_statement():
            assert alias_of(Ticket) is before, "another statement, so the first one again"
        assert alias_of(Ticket) is not before
