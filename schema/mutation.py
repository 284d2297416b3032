"""How a mutation runs: access first, then one command in one unit of work, refusals as data."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy.exc import DBAPIError

from domain.kernel.actor import Role
from domain.kernel.errors import Conflict, DomainError, NotAllowed, Unauthenticated
from domain.kernel.outages import is_conflict
from domain.kernel.work import UnitOfWork
from schema.access import allowed
from schema.context import Context
from schema.identifiers import parse_id
from schema.problems import problem_of

R = TypeVar("R")


def mutation(result: Any, *, description: str) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: a field of Mutation that gives `result`, the union of its payload and problems.

    Its access rule is asked before it runs. The resolver calls `given` what clients call `input`,
    which in Python is another thing's name.
    """

    def mark(resolver: Callable[..., Awaitable[Any]]) -> Any:
        name = _camel(resolver.__name__)

        @functools.wraps(resolver)
        async def guarded(self: Any, info: strawberry.Info, **arguments: Any) -> Any:
            try:
                require_access(info.context, name)
                return await resolver(self, info, arguments["input"])
            except DomainError as error:
                return problem_of(error)
            except DBAPIError as error:
                if is_conflict(error):
                    return problem_of(Conflict("somebody else is changing this; try again"))
                raise

        # Strawberry looks through `__wrapped__`; the union must be what it finds.
        del guarded.__wrapped__
        signature = inspect.signature(resolver)
        parameters = [
            each.replace(name="input") if each.name == "given" else each
            for each in signature.parameters.values()
        ]
        guarded.__annotations__ = {each.name: each.annotation for each in parameters[1:]}
        guarded.__annotations__["return"] = result
        guarded.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=parameters, return_annotation=result
        )
        return strawberry.mutation(resolver=guarded, description=description)

    return mark


def require_access(context: Context, name: str) -> None:
    """Raise Unauthenticated or NotAllowed where the access map shuts the mutation to the role."""
    role = context.actor.role
    if allowed(role, "Mutation", name):
        return
    if role is Role.PUBLIC:
        raise Unauthenticated("log in first")
    raise NotAllowed("this is not for your role")


async def perform(info: strawberry.Info, command: Callable[[UnitOfWork], Awaitable[R]]) -> R:
    """Run one command in one unit of work as the caller."""
    context: Context = info.context
    async with context.services.database.unit_of_work(context.actor) as work:
        return await command(work)


def uuid_of(kind: str, text: str) -> UUID | None:
    """The uuid of a global id of that type; None for any other, which leads to NotFound."""
    parsed = parse_id(text)
    return parsed[1] if parsed is not None and parsed[0] == kind else None


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
