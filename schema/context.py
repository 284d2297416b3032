"""What every resolver is given: who asks, when, and the services of the process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain.accounts.protection import Protection
from domain.dispatch.city import City
from domain.kernel.actor import Actor
from domain.kernel.database import Database
from schema.reading.declare import Reader
from schema.reading.field_plans import FieldPlans

if TYPE_CHECKING:
    from schema.subscriptions.stream import Events


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the process. `read_pool` may be a replica; `primary_pool` never is."""

    database: Database
    read_pool: Any
    primary_pool: Any
    city: City
    protection: Protection
    field_plans: FieldPlans
    events: Events
    issuer: str
    audience: str


@dataclass(slots=True)
class Context:
    """One operation's context. `reader` carries the actor and the one `now` of its reads."""

    request_id: str
    actor: Actor
    reader: Reader
    services: Services
    read_pool: Any
    primary_pool: Any
    authenticate: Callable[[], Awaitable[Actor]] | None = None

    @classmethod
    def of(
        cls,
        services: Services,
        actor: Actor,
        request_id: str,
        authenticate: Callable[[], Awaitable[Actor]] | None = None,
    ) -> Context:
        """A context of now; `authenticate` asks the caller's token again."""
        now = services.database.clock.now()
        reader = Reader(actor, now, services.city.rules)
        return cls(
            request_id,
            actor,
            reader,
            services,
            services.read_pool,
            services.primary_pool,
            authenticate,
        )

    async def again(self) -> Context:
        """This context at a later moment: the token is asked again, the clock has moved.

        Raises Unauthenticated where the token is no longer good.
        """
        actor = self.actor if self.authenticate is None else await self.authenticate()
        return Context.of(self.services, actor, self.request_id, self.authenticate)
