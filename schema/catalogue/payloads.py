"""What the mutations on the catalogue give back, read after the commit."""

from __future__ import annotations

from uuid import UUID

import strawberry
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from schema.catalogue.types import CatalogueProposal, CatalogueReplay, CatalogueVersion
from schema.problems import result_of
from schema.reading.declare import Row, reading

_ID = PG_UUID(as_uuid=True)


@strawberry.type
class _VersionPayload:
    version_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: CatalogueVersion,
            where=lambda version, a: [version.c.id == a.parent("version_id", _ID)],
        ),
        description="The version as it is now (目录版本).",
    )
    def catalogue(self) -> CatalogueVersion | None: ...


@strawberry.type(description="The draft was begun (起草结果).")
class DraftCataloguePayload(_VersionPayload):
    pass


@strawberry.type(description="The entry was written (写入结果).")
class PutCatalogueEntryPayload(_VersionPayload):
    pass


@strawberry.type(description="The entry was removed (删除结果).")
class RemoveCatalogueEntryPayload(_VersionPayload):
    pass


@strawberry.type(description="The entry has its rank (调整结果).")
class MoveCatalogueEntryPayload(_VersionPayload):
    pass


@strawberry.type(description="An entry that can never decide (目录提示).")
class CatalogueWarning:
    rank: int = strawberry.field(description="Its rank (次序).")
    shadowed_by: int = strawberry.field(
        description="The rank of the entry that always forestalls it (被抢先于)."
    )
    message: str = strawberry.field(description="In Chinese (说明).")


@strawberry.type(description="The version was published (发布结果).")
class PublishCataloguePayload(_VersionPayload):
    warnings: list[CatalogueWarning] = strawberry.field(
        description="Entries that can never decide (提示)."
    )


@strawberry.type(description="The earlier version is back, under a new number (回退结果).")
class RollBackCataloguePayload(_VersionPayload):
    pass


@strawberry.type(description="The draft was thrown away (作废结果).")
class DiscardDraftPayload(_VersionPayload):
    pass


@strawberry.type(description="The replay began (回放结果).")
class ReplayCataloguePayload:
    replay_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: CatalogueReplay,
            where=lambda replay, a: [replay.c.id == a.parent("replay_id", _ID)],
        ),
        description="The replay; ask `catalogueReplay` how far it is (回放).",
    )
    def replay(self) -> CatalogueReplay | None: ...


@strawberry.type(description="The proposal was decided on (处理结果).")
class DecideProposalPayload:
    proposal_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: CatalogueProposal,
            where=lambda proposal, a: [proposal.c.id == a.parent("proposal_id", _ID)],
        ),
        description="The proposal as it is now (建议).",
    )
    def proposal(self) -> CatalogueProposal | None: ...


DraftCatalogueResult = result_of("DraftCatalogue", DraftCataloguePayload)
PutCatalogueEntryResult = result_of("PutCatalogueEntry", PutCatalogueEntryPayload)
RemoveCatalogueEntryResult = result_of("RemoveCatalogueEntry", RemoveCatalogueEntryPayload)
MoveCatalogueEntryResult = result_of("MoveCatalogueEntry", MoveCatalogueEntryPayload)
PublishCatalogueResult = result_of("PublishCatalogue", PublishCataloguePayload)
RollBackCatalogueResult = result_of("RollBackCatalogue", RollBackCataloguePayload)
DiscardDraftResult = result_of("DiscardDraft", DiscardDraftPayload)
ReplayCatalogueResult = result_of("ReplayCatalogue", ReplayCataloguePayload)
DecideProposalResult = result_of("DecideProposal", DecideProposalPayload)
