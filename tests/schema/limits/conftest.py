"""A small schema, and a way to say which limit refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from graphql import GraphQLSchema, build_schema

from schema.limits import LimitCode, LimitExceeded

SDL = """
type Query {
  a(x: Int, y: Int, z: Int, list: [Int], text: String, filter: Filter): Query
  b(x: Int): Int
  c: Int
  named: Named
  either: Either
  color(color: Color): Color
}
interface Named { name: String  named: Named }
type Street implements Named { name: String  named: Street  size: Int  query: Query }
type District implements Named { name: String  named: District  size: Int  query: Query }
union Either = Street | District
enum Color { CRIMSON  VERMILION }
input Filter { phone: String  color: Color  filters: [Filter!] }
type Mutation { change(x: Int): Query  rename(x: Int): Query }
directive @marked repeatable on FIELD | QUERY | FRAGMENT_SPREAD
"""

Refused = Callable[[LimitCode, int], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def toy() -> GraphQLSchema:
    """The small schema."""
    return build_schema(SDL)


@pytest.fixture(scope="session")
def refused() -> Refused:
    """`with refused(code, limit):` the block must be refused by just this limit."""

    @contextmanager
    def expect(code: LimitCode, limit: int) -> Iterator[None]:
        with pytest.raises(LimitExceeded) as caught:
            yield
        extensions = caught.value.extensions or {}
        assert (extensions["code"], extensions["limit"]) == (code.value, limit)

    return expect
