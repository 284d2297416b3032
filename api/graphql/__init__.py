"""GraphQL over HTTP, WebSocket and event streams; one ASGI application."""

from __future__ import annotations

from api.graphql.contexts import ContextFactory
from api.graphql.http import GraphQLEndpoint
from api.graphql.settings import TransportSettings

__all__ = ["ContextFactory", "GraphQLEndpoint", "TransportSettings"]
