"""The types of Relay connections."""

from __future__ import annotations

from typing import Generic, TypeVar

import strawberry

N = TypeVar("N")


@strawberry.type(description="Where a page stands in its list (分页信息).")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follow (有下一页).")
    has_previous_page: bool = strawberry.field(description="Whether more precede (有上一页).")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row (首游标).")
    end_cursor: str | None = strawberry.field(description="Cursor of the last row (末游标).")


@strawberry.type(description="One row of a page and its cursor (页中一项).")
class Edge(Generic[N]):
    cursor: str = strawberry.field(description="For `after` and `before`; opaque (游标).")
    node: N = strawberry.field(description="The row (对象).")


@strawberry.type(description="One page of a list, by keyset (分页列表).")
class Connection(Generic[N]):
    edges: list[Edge[N]] = strawberry.field(description="The rows with their cursors (各项).")
    nodes: list[N] = strawberry.field(description="The rows (各对象).")
    page_info: PageInfo = strawberry.field(description="Where the page stands (分页信息).")
    total_count: int = strawberry.field(
        description="How many there are in all; counted only when asked, and costs more (总数)."
    )
