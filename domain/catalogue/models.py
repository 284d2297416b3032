"""Tables of the catalogue: versions, entries, steps, replays, proposals."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from domain.kernel.tables import Table, one_of


class VersionStatus(StrEnum):
    """Where a version stands."""

    DRAFT = "DRAFT"  # 草稿
    PUBLISHED = "PUBLISHED"  # 已发布，不再改动
    DISCARDED = "DISCARDED"  # 作废的草稿


class StepKind(StrEnum):
    """What somebody did to a version."""

    DRAFT = "DRAFT"  # 起草
    PUT_ENTRY = "PUT_ENTRY"  # 写入条目
    REMOVE_ENTRY = "REMOVE_ENTRY"  # 删除条目
    MOVE_ENTRY = "MOVE_ENTRY"  # 调整次序
    TAKE_PROPOSAL = "TAKE_PROPOSAL"  # 采纳建议
    REPLAY = "REPLAY"  # 回放
    PUBLISH = "PUBLISH"  # 发布
    ROLL_BACK = "ROLL_BACK"  # 回退
    DISCARD = "DISCARD"  # 作废


class ReplayStatus(StrEnum):
    """Where a replay stands."""

    RUNNING = "RUNNING"  # 进行中
    DONE = "DONE"  # 完成
    OUTDATED = "OUTDATED"  # 草稿已变，作废


class ProposalStatus(StrEnum):
    """What became of a proposal."""

    OPEN = "OPEN"  # 待处理
    TAKEN = "TAKEN"  # 已采纳
    DECLINED = "DECLINED"  # 不采纳


class CatalogueVersion(Table):
    """目录版本. Published, it never changes again (a trigger refuses it), nor do its entries.

    In force is, of those whose `effective_at` has come, the one with the latest, and among equals
    the one with the highest number. Drafts have no number.
    """

    __tablename__ = "catalogue_version"
    __table_args__ = (
        one_of("status", VersionStatus),
        CheckConstraint(
            "(status = 'PUBLISHED') = (number is not null and effective_at is not null)",
            name="published_whole",
        ),
        Index(
            "ix_catalogue_version_in_force",
            "effective_at",
            "number",
            postgresql_where=text("status = 'PUBLISHED'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int | None] = mapped_column(unique=True)
    status: Mapped[str]
    based_on: Mapped[int | None]
    reason: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    published_at: Mapped[datetime | None]
    published_by: Mapped[str | None]
    effective_at: Mapped[datetime | None]
    version: Mapped[int]


class CatalogueEntry(Table):
    """目录条目, as `entries.Entry` describes it. Times are local, `HH:MM`."""

    __tablename__ = "catalogue_entry"
    __table_args__ = (
        CheckConstraint("rank between 1 and 9999", name="rank_known"),
        CheckConstraint("(from_time is null) = (to_time is null)", name="hours_whole"),
        CheckConstraint(
            "rank < 9999 or (category_code is null and area_code is null and kinds = '{}' "
            "and from_time is null and line_code is null and keywords = '{}' "
            "and lead = 'PLACE' and joint = '{}' and copies = '{}' and level is null)",
            name="fallback_plain",
        ),
        Index("ix_catalogue_entry_version_id_rank", "version_id", "rank"),
        Index(
            "ux_catalogue_entry_fallback",
            "version_id",
            unique=True,
            postgresql_where=text("rank = 9999"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_version.id"))
    rank: Mapped[int]
    name: Mapped[str]
    category_code: Mapped[str | None]
    area_code: Mapped[str | None]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    from_time: Mapped[str | None]
    to_time: Mapped[str | None]
    line_code: Mapped[str | None]
    keywords: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    lead: Mapped[str]
    joint: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    copies: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    level: Mapped[str | None]


class CatalogueStep(Table):
    """Who did what to a version, and why (append-only)."""

    __tablename__ = "catalogue_step"
    __table_args__ = (
        one_of("kind", StepKind),
        Index("ix_catalogue_step_version_id_id", "version_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_version.id"))
    kind: Mapped[str]
    reason: Mapped[str]
    actor_subject: Mapped[str]
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]


class CatalogueReplay(Table):
    """回放: past tickets held against a draft, in chunks; `after_id` is where the next one starts.

    `draft_version` is the draft's version that is replayed; another one makes the replay outdated.
    """

    __tablename__ = "catalogue_replay"
    __table_args__ = (
        one_of("status", ReplayStatus),
        CheckConstraint("from_at < to_at", name="range_whole"),
        Index("ix_catalogue_replay_draft_id_id", "draft_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_version.id"))
    draft_version: Mapped[int]
    base_id: Mapped[UUID | None] = mapped_column(ForeignKey("catalogue_version.id"))
    from_at: Mapped[datetime]
    to_at: Mapped[datetime]
    status: Mapped[str]
    total: Mapped[int]
    done: Mapped[int]
    changed: Mapped[int]
    joint_changed: Mapped[int]
    after_id: Mapped[UUID | None]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class CatalogueMove(Table):
    """How many replayed tickets of a category would go from one lead to another."""

    __tablename__ = "catalogue_move"
    __table_args__ = (
        Index(
            "ux_catalogue_move_whole",
            "replay_id",
            "from_code",
            "to_code",
            "category_code",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    replay_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_replay.id"))
    from_code: Mapped[str | None]
    to_code: Mapped[str | None]
    category_code: Mapped[str | None]
    tickets: Mapped[int]
    samples: Mapped[list[str]] = mapped_column(ARRAY(Text()))


class CatalogueProposal(Table):
    """目录修改建议: rulings on contests said that such tickets belong to another unit.

    At most one is open for the same category, area and units; `count` is how many rulings said it.
    """

    __tablename__ = "catalogue_proposal"
    __table_args__ = (
        one_of("status", ProposalStatus),
        Index(
            "ux_catalogue_proposal_open",
            "category_code",
            "area_code",
            "from_code",
            "to_code",
            unique=True,
            postgresql_where=text("status = 'OPEN'"),
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_catalogue_proposal_status_id", "status", "id"),
        Index("ix_catalogue_proposal_draft_id", "draft_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    category_code: Mapped[str | None]
    area_code: Mapped[str | None]
    from_code: Mapped[str]
    to_code: Mapped[str]
    ground: Mapped[str]
    count: Mapped[int]
    status: Mapped[str]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    decision_reason: Mapped[str | None]
    draft_id: Mapped[UUID | None] = mapped_column(ForeignKey("catalogue_version.id"))


class ProposalCase(Table):
    """One ticket whose ruling is behind a proposal."""

    __tablename__ = "proposal_case"
    __table_args__ = (Index("ix_proposal_case_ticket_id", "ticket_id"),)

    proposal_id: Mapped[UUID] = mapped_column(ForeignKey("catalogue_proposal.id"), primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    ground: Mapped[str]
    at: Mapped[datetime]
