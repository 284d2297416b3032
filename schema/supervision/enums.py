"""The closed lists of contests and supervision, described for front-end developers."""

from __future__ import annotations

from domain.contests import models as contests
from domain.dispatch.models import TransferCause as _TransferCause
from domain.kernel import vocabulary as words
from domain.supervision import models as supervision
from schema.enums import described

ContestRuling = contests.ContestRuling
described(
    ContestRuling,
    "ContestRuling",
    "What a supervisor decides on a contest (异议裁定).",
    {
        "UPHELD": "The ticket goes to another unit, with fresh clocks (异议成立).",
        "REJECTED": "It stays, its deadline too, and cannot be contested again (异议不成立).",
    },
)
ContestStatus = contests.ContestStatus
described(
    ContestStatus,
    "ContestStatus",
    "Where a contest stands (异议状态).",
    {
        "OPEN": "Waits for a ruling (待裁定).",
        "UPHELD": "Upheld (成立).",
        "REJECTED": "Rejected (不成立).",
        "LAPSED": "The ticket came to its end before a ruling (已失效).",
    },
)
TransferCause = _TransferCause
described(
    TransferCause,
    "TransferCause",
    "Why a ticket went from one lead to another (转派缘由).",
    {"HAND": "By the centre's hand (人工改派).", "RULING": "By a ruling (经裁定改派)."},
)
SupervisionGrade = words.SupervisionGrade
described(
    SupervisionGrade,
    "SupervisionGrade",
    "How grave an order of supervision is (督办等级).",
    {
        "ROUTINE": "Routine (日常督办).",
        "KEY": "Key (重点督办).",
        "TASK_FORCE": "A task force is set up (专班督办).",
        "DISCIPLINE": "Discipline and accountability (执纪问责).",
    },
)
SupervisionTrigger = words.SupervisionTrigger
described(
    SupervisionTrigger,
    "SupervisionTrigger",
    "What an order of supervision was opened for (督办缘由).",
    {
        "HAND": "A supervisor decided so (督办员发起).",
        "OVERDUE": "The reply is overdue (答复超期).",
        "REWORKS": "The citizen asked for a rework too often (多次重办).",
        "TRANSFERS": "Too many transfers in one round (多次转派).",
        "URGES": "The citizen urged too often (多次催办).",
        "REPEATED": "One citizen, one category, several tickets (重复诉求).",
        "CONCENTRATED": "One street, one category, many tickets (集中诉求).",
        "ESCALATION": "A higher unit let what was brought before it lie (提级逾期).",
    },
)
SupervisionStatus = supervision.SupervisionStatus
described(
    SupervisionStatus,
    "SupervisionStatus",
    "Where an order of supervision stands (督办状态).",
    {
        "OPEN": "The unit's report is waited for (待反馈).",
        "REPORTED": "The supervisor's ruling is waited for (待审).",
        "CLOSED": "Closed (已办结).",
    },
)
SupervisionRuling = supervision.SupervisionRuling
described(
    SupervisionRuling,
    "SupervisionRuling",
    "What a supervisor says of an order (督办裁定).",
    {
        "SATISFIED": "The report satisfies; the order is closed (同意办结).",
        "RETURNED": "It does not; the report is due anew (退回再办).",
        "WITHDRAWN": "The order is taken back; it is closed (撤销督办).",
    },
)
SupervisionStepKind = supervision.SupervisionStepKind
described(
    SupervisionStepKind,
    "SupervisionStepKind",
    "What happened to an order of supervision (督办过程).",
    {
        "OPENED": "Opened (发起).",
        "REPORTED": "The unit reported (反馈).",
        "RETURNED": "The report was returned (退回).",
        "OVERDUE": "No report in time; the grade rose, if it could (逾期升级).",
        "RESCHEDULED": "Holidays moved the day of the report (期限调整).",
        "CLOSED": "Closed (办结).",
    },
)
