"""Single readable fields inside the generic executor: payloads, events, mixed operations."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLResolveInfo
from strawberry.extensions import FieldExtension

from schema.finished import Finished


class ReadField(FieldExtension):
    """Reads the field from the primary: what a mutation has just written is in it."""

    async def resolve_async(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        context = info.context
        raw: GraphQLResolveInfo[Any] = info._raw_info
        plan = context.services.field_plans.plan(raw, context.reader.actor.role)
        variables = raw.variable_values
        body = await plan.run(context.primary_pool, variables, context.reader, source)
        return None if body == b"null" else Finished(body)

    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        return self.resolve_async(next_, source, info, **kwargs)
