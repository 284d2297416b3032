"""The one schema, put together."""

from __future__ import annotations

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.accounts.mutations import AccountMutations
from schema.accounts.viewer import ViewerQueries
from schema.evaluation.queries import EvaluationQueries
from schema.feedback.mutations import FeedbackMutations
from schema.feedback.queries import FeedbackQueries
from schema.subscriptions.fields import Subscription
from schema.tickets.grounds import GroundQueries
from schema.tickets.mutations import TicketMutations
from schema.tickets.queries import TicketQueries
from schema.units.mutations import UnitMutations
from schema.units.queries import UnitQueries


@strawberry.type(description="Reads; each is one SQL statement (查询).")
class Query(
    TicketQueries, UnitQueries, FeedbackQueries, EvaluationQueries, ViewerQueries, GroundQueries
):
    pass


@strawberry.type(description="Steps; each gives its payload or a Problem (操作).")
class Mutation(TicketMutations, FeedbackMutations, UnitMutations, AccountMutations):
    pass


def build_schema() -> strawberry.Schema:
    """Build the schema. The same every time; the committed SDL is its printed form."""
    return strawberry.Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(auto_camel_case=True),
    )
