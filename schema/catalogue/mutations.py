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
        input: i.DraftCatalogueInput,  # noqa: A002
    ) -> p.DraftCataloguePayload:
        draft = await perform(
            info,
            lambda work: drafting.draft_catalogue(
                work, reason=input.reason, based_on=input.based_on
            ),
        )
        return p.DraftCataloguePayload(version_id=draft.id)

    @mutation(p.PutCatalogueEntryResult, description="Write an entry of a draft (写入条目).")
    async def put_catalogue_entry(
        self,
        info: strawberry.Info,
        input: i.PutCatalogueEntryInput,  # noqa: A002
    ) -> p.PutCatalogueEntryPayload:
        replaced = None if input.entry_id is None else _entry(input.entry_id) or _NOWHERE
        draft = await perform(
            info,
            lambda work: drafting.put_entry(
                work,
                _draft(input.draft_id),
                input.form(),
                reason=input.reason,
                replaces=replaced,
                expected_version=input.expected_version,
            ),
        )
        return p.PutCatalogueEntryPayload(version_id=draft.id)

    @mutation(p.RemoveCatalogueEntryResult, description="Remove an entry of a draft (删除条目).")
    async def remove_catalogue_entry(
        self,
        info: strawberry.Info,
        input: i.RemoveCatalogueEntryInput,  # noqa: A002
    ) -> p.RemoveCatalogueEntryPayload:
        draft = await perform(
            info,
            lambda work: drafting.remove_entry(
                work,
                _entry(input.entry_id),
                reason=input.reason,
                expected_version=input.expected_version,
            ),
        )
        return p.RemoveCatalogueEntryPayload(version_id=draft.id)

    @mutation(
        p.MoveCatalogueEntryResult, description="Give an entry of a draft another rank (调整次序)."
    )
    async def move_catalogue_entry(
        self,
        info: strawberry.Info,
        input: i.MoveCatalogueEntryInput,  # noqa: A002
    ) -> p.MoveCatalogueEntryPayload:
        draft = await perform(
            info,
            lambda work: drafting.move_entry(
                work,
                _entry(input.entry_id),
                input.rank,
                reason=input.reason,
                expected_version=input.expected_version,
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
        input: i.PublishCatalogueInput,  # noqa: A002
    ) -> p.PublishCataloguePayload:
        version, warnings = await perform(
            info,
            lambda work: publishing.publish_catalogue(
                work,
                _draft(input.draft_id),
                reason=input.reason,
                effective_at=input.effective_at,
                expected_version=input.expected_version,
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
        input: i.RollBackCatalogueInput,  # noqa: A002
    ) -> p.RollBackCataloguePayload:
        version = await perform(
            info,
            lambda work: publishing.roll_back_catalogue(
                work,
                input.number,
                reason=input.reason,
                effective_at=input.effective_at,
                expected_number=input.expected_version,
            ),
        )
        return p.RollBackCataloguePayload(version_id=version.id)

    @mutation(p.DiscardDraftResult, description="Throw a draft away (作废草稿).")
    async def discard_draft(
        self,
        info: strawberry.Info,
        input: i.DiscardDraftInput,  # noqa: A002
    ) -> p.DiscardDraftPayload:
        draft = await perform(
            info,
            lambda work: drafting.discard_draft(
                work,
                _draft(input.draft_id),
                reason=input.reason,
                expected_version=input.expected_version,
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
        input: i.ReplayCatalogueInput,  # noqa: A002
    ) -> p.ReplayCataloguePayload:
        replay = await perform(
            info,
            lambda work: replaying.replay_catalogue(
                work,
                _draft(input.draft_id),
                from_at=input.from_,
                to_at=input.to,
                expected_version=input.expected_version,
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
        input: i.DecideProposalInput,  # noqa: A002
    ) -> p.DecideProposalPayload:
        draft_id = None if input.draft_id is None else _draft(input.draft_id) or _NOWHERE
        proposal = await perform(
            info,
            lambda work: proposals.decide_proposal(
                work,
                uuid_of("CatalogueProposal", input.proposal_id),
                input.decision,
                reason=input.reason,
                draft_id=draft_id,
                rank=input.rank,
                expected_version=input.expected_version,
            ),
        )
        return p.DecideProposalPayload(proposal_id=proposal.id)
