"""The admin's mutations on the catalogue."""

from __future__ import annotations

from uuid import UUID

import strawberry

from domain.catalogue import drafting, proposals, publishing, replaying
from schema.catalogue import inputs as i
from schema.catalogue import payloads as p
from schema.mutation import mutation, perform, uuid_of

_NOWHERE = UUID(int=0)  # an id that leads to NotFound


def _draft(text: str) -> UUID | None:
    return uuid_of("CatalogueVersion", text)


def _entry(text: str) -> UUID | None:
    return uuid_of("CatalogueEntry", text)


@strawberry.type
class CatalogueMutations:
    @mutation(p.DraftCatalogueResult, description="Begin a draft of the catalogue (起草).")
    async def draft_catalogue(
        self,
        info: strawberry.Info,
        given: i.DraftCatalogueInput,
    ) -> p.DraftCataloguePayload:
        draft = await perform(
            info,
            lambda work: drafting.draft_catalogue(
                work, reason=given.reason, based_on=given.based_on
            ),
        )
        return p.DraftCataloguePayload(version_id=draft.id)

    @mutation(p.PutCatalogueEntryResult, description="Write an entry of a draft (写入条目).")
    async def put_catalogue_entry(
        self,
        info: strawberry.Info,
        given: i.PutCatalogueEntryInput,
    ) -> p.PutCatalogueEntryPayload:
        replaced = None if given.entry_id is None else _entry(given.entry_id) or _NOWHERE
        draft = await perform(
            info,
            lambda work: drafting.put_entry(
                work,
                _draft(given.draft_id),
                given.form(),
                reason=given.reason,
                replaces=replaced,
                expected_version=given.expected_version,
            ),
        )
        return p.PutCatalogueEntryPayload(version_id=draft.id)

    @mutation(p.RemoveCatalogueEntryResult, description="Remove an entry of a draft (删除条目).")
    async def remove_catalogue_entry(
        self,
        info: strawberry.Info,
        given: i.RemoveCatalogueEntryInput,
    ) -> p.RemoveCatalogueEntryPayload:
        draft = await perform(
            info,
            lambda work: drafting.remove_entry(
                work,
                _entry(given.entry_id),
                reason=given.reason,
                expected_version=given.expected_version,
            ),
        )
        return p.RemoveCatalogueEntryPayload(version_id=draft.id)

    @mutation(
        p.MoveCatalogueEntryResult, description="Give an entry of a draft another rank (调整次序)."
    )
    async def move_catalogue_entry(
        self,
        info: strawberry.Info,
        given: i.MoveCatalogueEntryInput,
    ) -> p.MoveCatalogueEntryPayload:
        draft = await perform(
            info,
            lambda work: drafting.move_entry(
                work,
                _entry(given.entry_id),
                given.rank,
                reason=given.reason,
                expected_version=given.expected_version,
            ),
        )
        return p.MoveCatalogueEntryPayload(version_id=draft.id)

    @mutation(
        p.PublishCatalogueResult,
        description="Publish a draft; all its faults at once, or it is the rule (发布).",
    )
    async def publish_catalogue(
        self,
        info: strawberry.Info,
        given: i.PublishCatalogueInput,
    ) -> p.PublishCataloguePayload:
        version, warnings = await perform(
            info,
            lambda work: publishing.publish_catalogue(
                work,
                _draft(given.draft_id),
                reason=given.reason,
                effective_at=given.effective_at,
                expected_version=given.expected_version,
            ),
        )
        told = [
            p.CatalogueWarning(rank=each.rank, shadowed_by=each.shadowed_by, message=each.message)
            for each in warnings
        ]
        return p.PublishCataloguePayload(version_id=version.id, warnings=told)

    @mutation(p.RollBackCatalogueResult, description="Publish a copy of an earlier version (回退).")
    async def roll_back_catalogue(
        self,
        info: strawberry.Info,
        given: i.RollBackCatalogueInput,
    ) -> p.RollBackCataloguePayload:
        version = await perform(
            info,
            lambda work: publishing.roll_back_catalogue(
                work,
                given.number,
                reason=given.reason,
                effective_at=given.effective_at,
                expected_number=given.expected_version,
            ),
        )
        return p.RollBackCataloguePayload(version_id=version.id)

    @mutation(p.DiscardDraftResult, description="Throw a draft away (作废草稿).")
    async def discard_draft(
        self,
        info: strawberry.Info,
        given: i.DiscardDraftInput,
    ) -> p.DiscardDraftPayload:
        draft = await perform(
            info,
            lambda work: drafting.discard_draft(
                work,
                _draft(given.draft_id),
                reason=given.reason,
                expected_version=given.expected_version,
            ),
        )
        return p.DiscardDraftPayload(version_id=draft.id)

    @mutation(
        p.ReplayCatalogueResult,
        description="Hold past tickets against a draft; the worker does it in chunks (回放).",
    )
    async def replay_catalogue(
        self,
        info: strawberry.Info,
        given: i.ReplayCatalogueInput,
    ) -> p.ReplayCataloguePayload:
        replay = await perform(
            info,
            lambda work: replaying.replay_catalogue(
                work,
                _draft(given.draft_id),
                from_at=given.from_,
                to_at=given.to,
                expected_version=given.expected_version,
            ),
        )
        return p.ReplayCataloguePayload(replay_id=replay.id)

    @mutation(
        p.DecideProposalResult,
        description="Take a proposal into a draft, or decline it (处理建议).",
    )
    async def decide_proposal(
        self,
        info: strawberry.Info,
        given: i.DecideProposalInput,
    ) -> p.DecideProposalPayload:
        draft_id = None if given.draft_id is None else _draft(given.draft_id) or _NOWHERE
        proposal = await perform(
            info,
            lambda work: proposals.decide_proposal(
                work,
                uuid_of("CatalogueProposal", given.proposal_id),
                given.decision,
                reason=given.reason,
                draft_id=draft_id,
                rank=given.rank,
                expected_version=given.expected_version,
            ),
        )
        return p.DecideProposalPayload(proposal_id=proposal.id)
