"""Aliases: new ones, or the one of a name, and never with more than names and types."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql

from domain.kernel.aliases import alias_of
from domain.tickets.models import Ticket
from domain.units.models import Unit


def test_without_a_name_each_is_new() -> None:
    ticket, other, inner = (alias_of(Ticket) for _ in range(3))
    followed = exists().where(inner.c.primary_id == other.c.id)
    statement = (
        select(ticket.c.id, other.c.code)
        .join_from(ticket, other, other.c.primary_id == ticket.c.id)
        .where(followed)
    )
    sql = str(statement.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
    assert "ticket AS ticket_1" in sql and "ticket AS ticket_3" in sql


def test_under_a_name_it_is_the_same_for_all_statements() -> None:
    first = alias_of(Ticket, "own")
    assert alias_of(Ticket, "own") is first and first.c is alias_of(Ticket, "own").c
    assert alias_of(Ticket, "other") is not first and alias_of(Unit, "own") is not first


def test_its_columns_have_the_types_of_the_tables() -> None:
    made, mapped = alias_of(Ticket, "own").c, Ticket.__table__.c
    assert [(each.name, each.type) for each in made] == [(each.name, each.type) for each in mapped]


def test_other_rows_can_be_named_as_well() -> None:
    rows = select(Ticket.id).subquery()
    assert "AS own" in str(select(alias_of(rows, "own").c.id))
