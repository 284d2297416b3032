"""The validation rules: graphql-core's, bounded, and as silent about the schema as wanted."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from graphql import (
    ASTValidationRule,
    FieldNode,
    GraphQLError,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValidationRule,
    specified_rules,
)
from graphql.validation.validate import ValidationAbortedError
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from schema.limits.errors import LimitCode, LimitExceeded
from schema.limits.numbers import Limits

__all__ = ["INTROSPECTION_DISABLED", "validation_rules"]

INTROSPECTION_DISABLED = "INTROSPECTION_DISABLED"

# graphql-core charges two units for a comparison where `overlap.comparisons` counts one, and may
# make one comparison twice, once for types that exclude each other and once for types that don't.
UNITS_FOR_A_COMPARISON = 4


@lru_cache
def validation_rules(
    *, introspection: bool, suggestions: bool, limits: Limits | None = None
) -> tuple[type[ASTValidationRule], ...]:
    """The rules that `graphql.validate` is to be called with.

    They are graphql-core's specified ones and Strawberry's for `Maybe` fields. The overlap of
    fields is bounded by `limits.overlap` here too: the check before validation estimates, this
    one measures. Without `introspection`, `__schema` and `__type` are refused with the code
    INTROSPECTION_DISABLED; `__typename` is never refused. Without `suggestions` no message says
    what else the schema holds. Nothing global changes: other rules keep their behaviour.
    """
    overlap = (limits or Limits()).overlap
    rules: list[type[ASTValidationRule]] = [
        bounded_overlap(overlap) if rule is OverlappingFieldsCanBeMergedRule else rule
        for rule in specified_rules
    ]
    # Strawberry's rule for one-of inputs is left out: it raises KeyError on an undefined variable,
    # and Strawberry's coercion of such an input refuses the same values.
    rules.append(MaybeNullValidationRule)
    if not introspection:
        rules.append(IntrospectionDisabledRule)
    if not suggestions:
        rules = [silent(rule) for rule in rules]
    return tuple(rules)


class IntrospectionDisabledRule(ValidationRule):
    """Refuses the two fields that read the schema."""

    def enter_field(self, node: FieldNode, *_args: Any) -> None:
        """Report `__schema` and `__type`, wherever they stand."""
        if node.name.value in {"__schema", "__type"}:
            self.report_error(
                GraphQLError(
                    "Introspection is disabled.",
                    node,
                    extensions={"code": INTROSPECTION_DISABLED},
                )
            )


def bounded_overlap(overlap: int) -> type[ASTValidationRule]:
    """The rule of field merging that gives up, with a coded error, beyond `overlap` comparisons."""

    class BoundedOverlapRule(OverlappingFieldsCanBeMergedRule):
        """Fields that share a response key can be merged (spec section 5.3.2)."""

        def __init__(self, context: ValidationContext) -> None:
            super().__init__(context)
            self.rule_context.remaining_complexity_budget = UNITS_FOR_A_COMPARISON * overlap
            self.exhausted = False

        def enter_selection_set(self, *args: Any) -> None:
            """Compare the fields of a selection set, unless the bound was met before."""
            if self.exhausted:
                return
            try:
                super().enter_selection_set(*args)
            except ValidationAbortedError:
                if self.rule_context.remaining_complexity_budget >= 0:
                    raise  # another reason: too many errors
                self.exhausted = True
                self.report_error(
                    LimitExceeded(
                        f"Merging the document's fields takes more than {overlap} comparisons.",
                        code=LimitCode.OVERLAP_EXCEEDED,
                        limit=overlap,
                    )
                )

    return BoundedOverlapRule


class SilentContext(ValidationContext):
    """Another context's twin, with all its state, that hides suggestions."""

    def __init__(self, context: ValidationContext) -> None:
        # One state for both: rules share what they have collected about fragments.
        self.__dict__ = context.__dict__

    @property
    def hide_suggestions(self) -> bool:
        """Always true."""
        return True


def silent(rule: type[ASTValidationRule]) -> type[ASTValidationRule]:
    """The same rule, whose messages make no suggestions."""

    def __init__(self: ASTValidationRule, context: ValidationContext) -> None:  # noqa: N807
        rule.__init__(self, SilentContext(context))

    return type(rule.__name__, (rule,), {"__init__": __init__, "__doc__": rule.__doc__})
