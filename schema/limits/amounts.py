"""Arithmetic on amounts that are numbers now, or will be when the variables are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

__all__ = ["Amount", "largest", "product", "total", "value_of"]

Variables = Mapping[str, Any]
Amount = int | Callable[[Variables], int]


def value_of(amount: Amount, variables: Variables) -> int:
    """The number that an amount is with these variables."""
    return amount if isinstance(amount, int) else amount(variables)


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum; a number where all of them are."""
    fixed, open_ = 0, []
    for amount in amounts:
        if isinstance(amount, int):
            fixed += amount
        else:
            open_.append(amount)
    if not open_:
        return fixed
    if len(open_) == 1:
        single = open_[0]
        return (lambda variables: fixed + single(variables)) if fixed else single
    return lambda variables: fixed + sum([amount(variables) for amount in open_])


def product(left: Amount, right: Amount) -> Amount:
    """The product; a number where both are.

    Nothing times an open amount stays open: the amount may refuse its variables.
    """
    if isinstance(left, int):
        if isinstance(right, int):
            return left * right
        if left == 1:
            return right
        return lambda variables: left * right(variables)
    if isinstance(right, int):
        return left if right == 1 else (lambda variables: left(variables) * right)
    return lambda variables: left(variables) * right(variables)


def largest(amounts: Iterable[Amount]) -> Amount:
    """The largest, 0 of none; a number where all of them are."""
    fixed, open_ = 0, []
    for amount in amounts:
        if isinstance(amount, int):
            fixed = max(fixed, amount)
        else:
            open_.append(amount)
    if not open_:
        return fixed
    if len(open_) == 1 and not fixed:
        return open_[0]
    return lambda variables: max(fixed, *[amount(variables) for amount in open_])
