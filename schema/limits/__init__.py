"""Limits on GraphQL documents, their variables and what they cost.

In the order of a request: `check_text`, parse, `check_document`, validate with
`validation_rules`, `check_variables`, `coerce_variables`, `compile_cost` and `check_cost`.
The first half is done once for each document, the second for each request.
"""

from __future__ import annotations

from schema.limits.coercion import INVALID_VARIABLE, coerce_variables, variable_values
from schema.limits.costing import check_cost, compile_cost, cost
from schema.limits.document import check_document
from schema.limits.errors import LimitCode, LimitExceeded
from schema.limits.numbers import Limits
from schema.limits.plain import compile_plain
from schema.limits.text import check_text
from schema.limits.validation import INTROSPECTION_DISABLED, validation_rules
from schema.limits.variables import check_variables

__all__ = [
    "INTROSPECTION_DISABLED",
    "INVALID_VARIABLE",
    "LimitCode",
    "LimitExceeded",
    "Limits",
    "check_cost",
    "check_document",
    "check_text",
    "check_variables",
    "coerce_variables",
    "compile_cost",
    "compile_plain",
    "cost",
    "validation_rules",
    "variable_values",
]
