"""Problems: refusals as data. Every mutation's result is its payload or one of these."""

from __future__ import annotations

from typing import Annotated, Any, Union

import strawberry

from domain.kernel import errors
from domain.units.commands import UnitHasOpenTickets as _UnitHasOpenTickets
from schema.enums import ProblemCode


@strawberry.interface(description="Why a mutation was refused. Select `... on Problem` (问题).")
class Problem:
    code: ProblemCode = strawberry.field(description="For programs (问题代码).")
    message: str = strawberry.field(
        description="For people; holds no personal data and may change its wording (说明)."
    )


@strawberry.type(description="One fault of one input field (字段问题).")
class FieldProblem:
    path: str = strawberry.field(
        description="The field inside `input`, e.g. `contact.phone` (路径)."
    )
    message: str = strawberry.field(description="What is wrong with it (说明).")


@strawberry.type(description="The input has faults: all of them at once (输入有误).")
class InvalidInput(Problem):
    fields: list[FieldProblem] = strawberry.field(description="Every fault (全部问题).")


@strawberry.type(description="A login is needed, or a code was wrong (未登录).")
class Unauthenticated(Problem):
    pass


@strawberry.type(description="Not for this role or unit (无权).")
class NotAllowed(Problem):
    pass


@strawberry.type(description="Does not exist, or may not be seen: no difference (不存在).")
class NotFound(Problem):
    pass


@strawberry.type(
    description="Not in this state of the ticket; see `availableActions` (状态不允许)."
)
class NotPossibleNow(Problem):
    pass


@strawberry.type(description="Changed since it was read; read it again (已被更新).")
class Conflict(Problem):
    pass


@strawberry.type(description="The idempotency key was used for another input (幂等键重复).")
class KeyReused(Problem):
    pass


@strawberry.type(description="Too often (过于频繁).")
class RateLimited(Problem):
    retry_after: int = strawberry.field(description="Seconds until it may succeed (秒).")


@strawberry.type(description="The unit leads tickets that are not at their end (尚有未结工单).")
class UnitHasOpenTickets(Problem):
    codes: list[str] = strawberry.field(description="Their codes, the first fifty (工单编号).")


COMMON = (
    InvalidInput, Unauthenticated, NotAllowed, NotFound, NotPossibleNow, Conflict, KeyReused,
    RateLimited,
)  # fmt: skip


def result_of(name: str, payload: type, *more: type) -> Any:
    """The union of a mutation's payload and the problems."""
    members: Any = Union[(payload, *COMMON, *more)]
    description = "The payload, or why it was refused (结果)."
    return Annotated[members, strawberry.union(name=f"{name}Result", description=description)]


def problem_of(error: errors.DomainError) -> Problem:
    """The problem that a refusal of the domain becomes."""
    if isinstance(error, errors.InvalidInput):
        fields = [FieldProblem(path=fault.path, message=fault.message) for fault in error.faults]
        return InvalidInput(code=error.code, message=error.message, fields=fields)
    if isinstance(error, errors.RateLimited):
        seconds = max(1, round(error.retry_after))
        return RateLimited(code=error.code, message=error.message, retry_after=seconds)
    if isinstance(error, _UnitHasOpenTickets):
        return UnitHasOpenTickets(code=error.code, message=error.message, codes=error.codes)
    for raised, problem in _PLAIN.items():
        if isinstance(error, raised):
            return problem(code=error.code, message=error.message)
    raise TypeError(f"{type(error).__name__} has no problem type")


_PLAIN: dict[type[errors.DomainError], type[Problem]] = {
    errors.Unauthenticated: Unauthenticated,
    errors.NotAllowed: NotAllowed,
    errors.NotFound: NotFound,
    errors.NotPossibleNow: NotPossibleNow,
    errors.Conflict: Conflict,
    errors.KeyReused: KeyReused,
}
