"""Root reads of tickets."""

from __future__ import annotations

from typing import Annotated

import strawberry
from sqlalchemy import Text

from domain.tickets.code import read_code
from schema.node import Node
from schema.reading.connection import Connection
from schema.reading.declare import Lookup, Pages, Row, Rows, reading
from schema.reading.paging import First
from schema.tickets.inputs import TicketFilter, TicketOrder
from schema.tickets.lists import chosen_order, ticket_conditions
from schema.tickets.types import Category, Ticket


@strawberry.type
class TicketQueries:
    @reading(Lookup("id", many=False), description="Any object by its global id, or null (对象).")
    def node(
        self,
        id: Annotated[strawberry.ID, strawberry.argument(description="Global id (标识).")],  # noqa: A002
    ) -> Node | None: ...

    @reading(
        Lookup("ids", many=True),
        description="Objects by global ids, in the order asked; null where there is none (对象).",
    )
    def nodes(
        self,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="At most 100 global ids (标识).")
        ],
    ) -> list[Node | None]: ...

    @reading(
        Row(
            lambda: Ticket,
            where=lambda ticket, a: [ticket.c.code == a.bind_with(read_code, "code", type_=Text())],
        ),
        description="A ticket by its code; null where there is none that you may see (工单).",
    )
    def ticket(
        self,
        code: Annotated[
            str, strawberry.argument(description="As people type it; dashes do not matter (编号).")
        ],
    ) -> Ticket | None: ...

    @reading(
        Pages(lambda: Ticket, orders=chosen_order, where=ticket_conditions),
        description="The tickets that you may see (工单列表).",
    )
    def tickets(
        self,
        filter: Annotated[  # noqa: A002
            TicketFilter | None, strawberry.argument(description="Which of them (筛选).")
        ] = None,
        order_by: Annotated[
            TicketOrder | None, strawberry.argument(description="Newest first by default (排序).")
        ] = None,
        first: First = None,
        after: Annotated[
            str | None,
            strawberry.argument(description="With `first`: the page after this row (游标)."),
        ] = None,
        last: Annotated[
            int | None, strawberry.argument(description="1 to 100, from the end (末尾条数).")
        ] = None,
        before: Annotated[
            str | None,
            strawberry.argument(description="With `last`: the page before this row (游标)."),
        ] = None,
    ) -> Connection[Ticket]: ...

    @reading(
        Rows(
            lambda: Category,
            where=lambda category, a: [
                category.c.parent_code == a.bind("parent", type_=Text())
                if a.has("parent")
                else category.c.parent_code.is_(None)
            ],
            order=lambda category: [category.c.position, category.c.code],
        ),
        description="The categories below one, or those at the top (诉求分类).",
    )
    def categories(
        self,
        parent: Annotated[
            str | None, strawberry.argument(description="Code of the category above (上级编码).")
        ] = None,
    ) -> list[Category]: ...
