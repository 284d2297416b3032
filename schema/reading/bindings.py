"""Bind parameters of one plan: each has a name in the statement and a way to fetch its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import BindParameter, bindparam

from schema.reading.declare import Reader
from schema.reading.values import Value, dig

# variables, the object that holds the field (payload or event), who reads → value
Fetch = Callable[[Mapping[str, Any], Any, Reader], Any]


class Bindings:
    """The parameters that were made while one statement was planned."""

    def __init__(self) -> None:
        self.fetchers: dict[str, Fetch] = {}

    def add(self, fetch: Fetch, type_: Any = None) -> BindParameter[Any]:
        """Make a parameter that takes its value from `fetch` each time the statement runs."""
        name = f"p{len(self.fetchers)}"
        self.fetchers[name] = fetch
        return bindparam(name, type_=type_)


class FieldArguments:
    """The arguments of one field (see `declare.Arguments`)."""

    def __init__(
        self, bindings: Bindings, values: Mapping[str, Value], variables: Mapping[str, Any]
    ) -> None:
        self._bindings = bindings
        self._values = values
        self._planned_with = variables

    def _now(self, path: tuple[str, ...]) -> Any:
        return dig(self._values[path[0]](self._planned_with), path[1:])

    def value_now(self, *path: str) -> Any:
        """The value at planning time; only for what is part of the plan's key (`shape_of`)."""
        return self._now(path)

    def has(self, *path: str) -> bool:
        return path[0] in self._values and self._now(path) is not None

    def choice(self, *path: str) -> Any:
        value = self._now(path) if path[0] in self._values else None
        if value is not None and not isinstance(value, bool | str) and not hasattr(value, "value"):
            raise TypeError(f"{path} does not shape a plan")
        return value

    def bind(self, *path: str, type_: Any = None) -> BindParameter[Any]:
        return self.bind_with(lambda value: value, *path, type_=type_)

    def bind_with(
        self, change: Callable[[Any], Any], *path: str, type_: Any = None
    ) -> BindParameter[Any]:
        """A parameter that takes `change(value)`; `change` may raise a PublicError."""
        value, rest = self._values[path[0]], path[1:]
        return self._bindings.add(
            lambda variables, _parent, _reader: change(dig(value(variables), rest)), type_
        )

    def bind_with_rules(
        self, change: Callable[[Any, Any], Any], *path: str, type_: Any = None
    ) -> BindParameter[Any]:
        """A parameter that takes `change(value, rules)`, where the city's rules are needed."""
        value, rest = self._values[path[0]], path[1:]
        return self._bindings.add(
            lambda variables, _parent, reader: change(dig(value(variables), rest), reader.rules),
            type_,
        )

    def parent(self, name: str, type_: Any = None) -> BindParameter[Any]:
        return self._bindings.add(lambda _variables, parent, _reader: getattr(parent, name), type_)
