"""What an admin sends about the catalogue."""

from __future__ import annotations

from datetime import datetime

import strawberry

from domain.catalogue.drafting import EntryForm
from schema.catalogue.words import ProposalDecision
from schema.enums import ResponseLevel, TicketKind

_EXPECTED = "The draft's version that you read; another one now is a Conflict (预期修订号)."
_REASON = "Why; kept on record, 1 to 2,000 characters (理由)."
_DRAFT = "The draft's global id (草稿标识)."
_ENTRY = "The entry's global id (条目标识)."
_RANK = "1 to 9998; the lowest that holds decides (次序)."


@strawberry.input(description="A new draft (起草).")
class DraftCatalogueInput:
    reason: str = strawberry.field(description=_REASON)
    based_on: int | None = strawberry.field(
        default=None, description="Number of the version to copy; the one in force (依据版本)."
    )


@strawberry.input(description="An entry of a draft, whole (写入条目).")
class PutCatalogueEntryInput:
    draft_id: strawberry.ID = strawberry.field(description=_DRAFT)
    rank: int = strawberry.field(description=_RANK)
    name: str = strawberry.field(description="In a word; 1 to 100 characters (名称).")
    lead: str = strawberry.field(
        description="A unit's code, or PLACE, STREET, DISTRICT: of the ticket's place (主办)."
    )
    reason: str = strawberry.field(description=_REASON)
    entry_id: strawberry.ID | None = strawberry.field(
        default=None, description="The entry that it replaces; a new one without (原条目)."
    )
    category: str | None = strawberry.field(
        default=None, description="Only this category and those below it (限定分类)."
    )
    area: str | None = strawberry.field(
        default=None, description="Only in the unit of this code and what lies in it (限定区域)."
    )
    kinds: list[TicketKind] | None = strawberry.field(
        default_factory=list, description="Only these kinds; all if empty (限定类型)."
    )
    from_time: str | None = strawberry.field(
        default=None, description="Only from this local time, `HH:MM` (起始时刻)."
    )
    to_time: str | None = strawberry.field(
        default=None, description="Until before this local time; may be past midnight (截止时刻)."
    )
    line: str | None = strawberry.field(
        default=None, description="Only by the emergency line of this code (限定专席)."
    )
    keywords: list[str] | None = strawberry.field(
        default_factory=list,
        description="Only with one of these in title or content; at most 50 (关键词).",
    )
    joint: list[str] | None = strawberry.field(
        default_factory=list, description="Joint units, as `lead`; at most 10 (联合双派)."
    )
    copies: list[str] | None = strawberry.field(
        default_factory=list, description="Units to copy to, as `lead`; at most 10 (抄送)."
    )
    level: ResponseLevel | None = strawberry.field(
        default=None, description="The level of such tickets, unless danger is told (响应等级)."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)

    def form(self) -> EntryForm:
        """The domain's form."""
        return EntryForm(
            rank=self.rank,
            name=self.name,
            category=self.category,
            area=self.area,
            kinds=self.kinds or (),
            from_time=self.from_time,
            to_time=self.to_time,
            line=self.line,
            keywords=self.keywords or (),
            lead=self.lead,
            joint=self.joint or (),
            copies=self.copies or (),
            level=self.level,
        )


@strawberry.input(description="An entry that goes (删除条目).")
class RemoveCatalogueEntryInput:
    entry_id: strawberry.ID = strawberry.field(description=_ENTRY)
    reason: str = strawberry.field(description=_REASON)
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="Another rank for an entry (调整次序).")
class MoveCatalogueEntryInput:
    entry_id: strawberry.ID = strawberry.field(description=_ENTRY)
    rank: int = strawberry.field(description=_RANK)
    reason: str = strawberry.field(description=_REASON)
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="A draft becomes the rule (发布).")
class PublishCatalogueInput:
    draft_id: strawberry.ID = strawberry.field(description=_DRAFT)
    reason: str = strawberry.field(description=_REASON)
    effective_at: datetime | None = strawberry.field(
        default=None, description="From when it decides; at once by default (生效时间)."
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="An earlier version comes back (回退).")
class RollBackCatalogueInput:
    number: int = strawberry.field(description="Its number (版本号).")
    reason: str = strawberry.field(description=_REASON)
    effective_at: datetime | None = strawberry.field(
        default=None, description="From when; at once by default (生效时间)."
    )
    expected_version: int | None = strawberry.field(
        default=None,
        description="The number of the last version that you know; a higher one is a Conflict "
        "(预期最新版本号).",
    )


@strawberry.input(description="A draft that is thrown away (作废草稿).")
class DiscardDraftInput:
    draft_id: strawberry.ID = strawberry.field(description=_DRAFT)
    reason: str = strawberry.field(description=_REASON)
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="Which past tickets to hold against a draft (回放).")
class ReplayCatalogueInput:
    draft_id: strawberry.ID = strawberry.field(description=_DRAFT)
    from_: datetime = strawberry.field(name="from", description="Came in from here (起).")
    to: datetime = strawberry.field(description="And before here (止).")
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)


@strawberry.input(description="What becomes of a proposal (处理建议).")
class DecideProposalInput:
    proposal_id: strawberry.ID = strawberry.field(description="Its global id (建议标识).")
    decision: ProposalDecision = strawberry.field(description="Take or decline (处理).")
    reason: str = strawberry.field(description=_REASON)
    draft_id: strawberry.ID | None = strawberry.field(
        default=None, description="Into which draft it is taken (草稿标识)."
    )
    rank: int | None = strawberry.field(
        default=None,
        description="Where its entry goes; right before the one that decides now (次序).",
    )
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)
