"""The closed lists of the catalogue."""

from __future__ import annotations

from domain.catalogue import models, proposals
from schema.enums import described

CatalogueStatus = models.VersionStatus
described(
    CatalogueStatus,
    "CatalogueStatus",
    "Where a version of the catalogue stands (目录版本状态).",
    {
        "DRAFT": "Being written; decides nothing (草稿).",
        "PUBLISHED": "Has a number and a day, and never changes again (已发布).",
        "DISCARDED": "A draft that was thrown away; kept on record (已作废).",
    },
)
CatalogueStepKind = models.StepKind
described(
    CatalogueStepKind,
    "CatalogueStepKind",
    "What somebody did to a version of the catalogue (目录操作).",
    {
        "DRAFT": "Began the draft (起草).",
        "PUT_ENTRY": "Wrote an entry (写入条目).",
        "REMOVE_ENTRY": "Removed an entry (删除条目).",
        "MOVE_ENTRY": "Gave an entry another rank (调整次序).",
        "TAKE_PROPOSAL": "Took a proposal in (采纳建议).",
        "REPLAY": "Replayed past tickets (回放).",
        "PUBLISH": "Published it (发布).",
        "ROLL_BACK": "Brought an earlier version back by it (回退).",
        "DISCARD": "Threw the draft away (作废).",
    },
)
ReplayStatus = models.ReplayStatus
described(
    ReplayStatus,
    "ReplayStatus",
    "Where a replay stands (回放状态).",
    {
        "RUNNING": "More tickets are to come (进行中).",
        "DONE": "Every ticket of the range was looked at (已完成).",
        "OUTDATED": "The draft changed meanwhile; replay again (草稿已变).",
    },
)
ProposalStatus = models.ProposalStatus
described(
    ProposalStatus,
    "ProposalStatus",
    "What became of a proposal (建议状态).",
    {
        "OPEN": "Waits for an admin (待处理).",
        "TAKEN": "Went into a draft (已采纳).",
        "DECLINED": "Was declined (不采纳).",
    },
)
ProposalDecision = proposals.ProposalDecision
described(
    ProposalDecision,
    "ProposalDecision",
    "What to do with a proposal (建议处理).",
    {"TAKE": "Write it into a draft (采纳).", "DECLINE": "Leave things as they are (不采纳)."},
)
