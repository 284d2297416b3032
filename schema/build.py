"""The one schema, put together."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import strawberry
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    Undefined,
    is_introspection_type,
)
from strawberry.schema.config import StrawberryConfig

from schema.access import allowed
from schema.accounts.mutations import AccountMutations
from schema.accounts.viewer import ViewerQueries
from schema.catalogue.mutations import CatalogueMutations
from schema.catalogue.queries import CatalogueQueries
from schema.classification.queries import ClassificationQueries
from schema.clocks.mutations import ClockMutations
from schema.clocks.queries import ClockQueries
from schema.contests.mutations import ContestMutations
from schema.contests.queries import ContestQueries
from schema.evaluation.queries import EvaluationQueries
from schema.feedback.mutations import FeedbackMutations
from schema.feedback.queries import FeedbackQueries
from schema.introduction import introduction
from schema.joint.mutations import JointMutations
from schema.limits import Limits
from schema.lines.mutations import LineMutations
from schema.lines.queries import LineQueries
from schema.preparation import Preparation
from schema.reading.compiled import Compiler
from schema.reading.field_plans import FieldPlans
from schema.subscriptions.fields import Subscription
from schema.supervision.mutations import SupervisionMutations
from schema.supervision.queries import SupervisionQueries
from schema.tickets.grounds import GroundQueries
from schema.tickets.merging import MergingMutations
from schema.tickets.mutations import TicketMutations
from schema.tickets.queries import TicketQueries
from schema.tickets.recusing import RecusalMutations
from schema.tickets.suggestions import SuggestionQueries
from schema.units.mutations import UnitMutations
from schema.units.queries import UnitQueries
from schema.whistles.mutations import WhistleMutations
from schema.whistles.queries import WhistleQueries

_INPUT = "All that the step needs (输入)."
_DAY = "ISO 8601, a day of the city's own calendar, e.g. `2026-11-23` (日期)."
_MOMENT = "ISO 8601 with an offset, e.g. `2026-11-23T10:00:00+08:00` (时间)."


@strawberry.type(description="Reads; each is one SQL statement (查询).")
class Query(
    TicketQueries,
    UnitQueries,
    FeedbackQueries,
    EvaluationQueries,
    ViewerQueries,
    GroundQueries,
    SuggestionQueries,
    ContestQueries,
    SupervisionQueries,
    ClockQueries,
    ClassificationQueries,
    CatalogueQueries,
    WhistleQueries,
    LineQueries,
):
    pass


@strawberry.type(description="Steps; each gives its payload or a Problem (操作).")
class Mutation(
    TicketMutations,
    MergingMutations,
    RecusalMutations,
    FeedbackMutations,
    ContestMutations,
    SupervisionMutations,
    JointMutations,
    WhistleMutations,
    UnitMutations,
    AccountMutations,
    ClockMutations,
    CatalogueMutations,
    LineMutations,
):
    pass


@cache
def build_schema() -> strawberry.Schema:
    """Build the schema, once a process. The committed SDL is its printed form."""
    schema = strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(auto_camel_case=True),
    )
    for kind in schema._schema.type_map.values():
        if isinstance(kind, GraphQLInputObjectType):
            _leave_out_null(kind.fields.values())
        elif isinstance(kind, GraphQLObjectType) and not is_introspection_type(kind):
            for field in kind.fields.values():
                _leave_out_null(field.args.values())
                if kind.name == "Mutation":
                    field.args["input"].description = _INPUT
    schema._schema.description = introduction(Limits())
    schema._schema.type_map["DateTime"].description = _MOMENT
    schema._schema.type_map["Date"].description = _DAY
    return schema


@cache
def build_preparation(*, production: bool, limits: Limits | None = None) -> Preparation:
    """What makes the schema's documents ready, once a process for each way of asking: it knows of
    the schema alone, so that a document need not be made ready anew by who opens a second
    application on another database."""
    schema = build_schema()
    reads = Compiler(schema._schema, allowed)
    return Preparation(schema, limits or Limits(), production=production, reads=reads)


@cache
def build_field_plans() -> FieldPlans:
    """The plans of single fields of the prepared documents, once a process."""
    return FieldPlans(allowed)


def _leave_out_null(values: Iterable[GraphQLArgument | GraphQLInputField]) -> None:
    """What is optional says so by its type: Strawberry's `= null` would say nothing more."""
    for value in values:
        if value.default_value is None:
            value.default_value = Undefined
