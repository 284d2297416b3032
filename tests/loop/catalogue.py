"""Steps that the catalogue's stories share."""

from __future__ import annotations

from typing import Any

from tests.loop.conftest import MONDAY
from tests.support.city import Caller, Hotline

WHOLE = """catalogue { id number status inForce version basedOn effectiveAt
  entries { id rank name lead joint isFallback } steps { kind reason actor } }"""
COLD, WAGES = "HOUSING.HEATING.COLD", "LABOUR.WAGES.COMPANY"


async def in_force(city: Hotline) -> Any:
    document = "{ catalogue { number inForce entries { rank } } }"
    return (await city.caller("agent").send(document))["catalogue"]


async def change(caller: Caller, mutation: str, **given: Any) -> Any:
    """The version after a mutation of the admin, or the problem that refused it."""
    return await caller.mutate(mutation, WHOLE, "", {"reason": "调整"} | given)


async def draft_with(admin: Caller, *entries: dict[str, Any]) -> Any:
    draft = await change(admin, "draftCatalogue")
    for entry in entries:
        draft = await change(
            admin, "putCatalogueEntry", draftId=draft["id"], **({"name": "新条"} | entry)
        )
        assert "message" not in draft, draft
    return draft


async def restore(city: Hotline) -> None:
    """Let the shipped version be in force again."""
    city.move(MONDAY)
    if (await in_force(city))["entries"][0]["rank"] != 10:
        given = {"number": 1, "reason": "试毕"}
        back = await city.caller("admin").mutate("rollBackCatalogue", WHOLE, "", given)
        assert back["inForce"], back
