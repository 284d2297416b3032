"""Root reads of the catalogue."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry
from sqlalchemy import ColumnElement, FromClause, Integer
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from domain.catalogue.queries import in_force
from domain.kernel.visibility import present
from schema.catalogue.types import CatalogueProposal, CatalogueReplay, CatalogueVersion
from schema.catalogue.words import ProposalStatus
from schema.mutation import uuid_of
from schema.reading.connection import Connection
from schema.reading.declare import Arguments, Order, Pages, Row, reading
from schema.reading.objects import text_literal
from schema.reading.paging import After, First


def _newest_first(name: str) -> Order:
    return Order(name, lambda row: [row.c.id], descending=True)


def _replay_id(text: str) -> UUID | None:
    return uuid_of("CatalogueReplay", text)


def _proposals(proposal: FromClause, a: Arguments) -> list[ColumnElement[bool]]:
    status = a.choice("status")
    if status is None:
        return []
    return [proposal.c.status == text_literal(getattr(status, "value", status))]


@strawberry.type
class CatalogueQueries:
    @reading(
        Row(
            lambda: CatalogueVersion,
            where=lambda version, _: [version.c.id == in_force(present())],
        ),
        description="The catalogue that decides now; for staff (现行派单目录).",
    )
    def catalogue(self) -> CatalogueVersion | None: ...

    @reading(
        Row(
            lambda: CatalogueVersion,
            where=lambda version, a: [version.c.number == a.bind("number", type_=Integer())],
        ),
        description="A published version by its number, or null; for staff (目录版本).",
    )
    def catalogue_version(
        self, number: Annotated[int, strawberry.argument(description="Its number (版本号).")]
    ) -> CatalogueVersion | None: ...

    @reading(
        Pages(lambda: CatalogueVersion, orders=_newest_first("CATALOGUE_VERSIONS")),
        description="Versions and drafts, the newest first; for staff (目录版本列表).",
    )
    def catalogue_versions(
        self, first: First = None, after: After = None
    ) -> Connection[CatalogueVersion]: ...

    @reading(
        Row(
            lambda: CatalogueReplay,
            where=lambda replay, a: [
                replay.c.id == a.bind_with(_replay_id, "id", type_=PG_UUID(as_uuid=True))
            ],
        ),
        description="A replay as far as it has come, or null; for staff (目录回放).",
    )
    def catalogue_replay(
        self,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id (标识).")],  # noqa: A002
    ) -> CatalogueReplay | None: ...

    @reading(
        Pages(
            lambda: CatalogueProposal,
            orders=_newest_first("CATALOGUE_PROPOSALS"),
            where=_proposals,
        ),
        description="What rulings propose, the newest first; for the centre (目录修改建议).",
    )
    def catalogue_proposals(
        self,
        status: Annotated[
            ProposalStatus | None,
            strawberry.argument(description="Only these; all by default (状态)."),
        ] = None,
        first: First = None,
        after: After = None,
    ) -> Connection[CatalogueProposal]: ...
