"""The sections of a city profile: the shape of each, and what would contradict itself.

Each class is one table of `cities/<city>/profile.toml`; profile.py puts them together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from domain.kernel.calendar import DaySpan, ordered_spans
from domain.kernel.limit import CalendarKind, Limit
from domain.kernel.vocabulary import (
    CallbackOutcome,
    ClockName,
    ResponseLevel,
    Satisfaction,
    SupervisionGrade,
    SupervisionTrigger,
    TicketKind,
    TicketStatus,
    UnitLevel,
)

_K = TypeVar("_K")
_V = TypeVar("_V")
_WITHIN_CLAUSE = r"[^,.;!?，。；！？]"


def _read_span(value: object) -> object:
    return DaySpan.parse(value) if isinstance(value, str) else value


Frozen = Annotated[Mapping[_K, _V], AfterValidator(MappingProxyType)]
Share = Annotated[Decimal, Field(ge=0, le=1)]
PositiveShare = Annotated[Decimal, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=0, le=1000, strict=True)]
Reach = Annotated[int, Field(ge=0, le=30, strict=True)]
PositiveCount = Annotated[int, Field(ge=1, le=1000, strict=True)]
Word = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^\S+$")]
CategoryPrefix = Annotated[str, Field(pattern=r"^[A-Z0-9_]+(\.[A-Z0-9_]+)*$")]
Spans = Annotated[
    tuple[Annotated[DaySpan, BeforeValidator(_read_span)], ...], AfterValidator(ordered_spans)
]


class Section(BaseModel):
    """What all sections share: immutable, and no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


class LevelClocks(Section):
    """The three limits of one response level."""

    accept: Limit
    contact: Limit
    reply: Limit

    def of(self, clock: ClockName) -> Limit:
        """Return the limit of that clock."""
        by_name: dict[ClockName, Limit] = {
            ClockName.ACCEPT: self.accept,
            ClockName.CONTACT: self.contact,
            ClockName.REPLY: self.reply,
        }
        return by_name[clock]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.accept.nominal <= self.contact.nominal <= self.reply.nominal:
            raise ValueError("accept, contact and reply must not grow shorter in this order")
        return self


class Response(Section):
    """四级响应: the limits of each level, and how the level of a ticket is chosen.

    An emergency word may hold `…`, which stands for at most `gap` characters of one clause. An
    exception contains such a word and is no emergency; a supposition (如果, 一旦) takes back the
    words that follow it in its clause within `supposition_reach` characters.
    """

    levels: Frozen[ResponseLevel, LevelClocks]
    default: ResponseLevel
    by_kind: Frozen[TicketKind, ResponseLevel]
    by_category: Frozen[CategoryPrefix, ResponseLevel]
    emergency_kinds: frozenset[TicketKind]
    emergency_words: Annotated[tuple[Word, ...], Field(min_length=1)]
    emergency_exceptions: tuple[Word, ...]
    emergency_suppositions: tuple[Word, ...]
    gap: Reach
    supposition_reach: Reach

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := [level.value for level in ResponseLevel if level not in self.levels]:
            raise ValueError(f"levels lack {', '.join(missing)}")
        for clock in ClockName:
            lengths = [self.levels[level].of(clock).nominal for level in ResponseLevel]
            if lengths != sorted(lengths):
                raise ValueError(f"the {clock.value} limit must not grow shorter from L1 to L4")
        return self

    @cached_property
    def emergency_pattern(self) -> re.Pattern[str]:
        """What to look for in a text without spaces; only the group `word` is an emergency.

        Suppositions and exceptions come first, so that they consume the words inside them.
        """
        gap = f"{_WITHIN_CLAUSE}{{0,{self.gap}}}?"
        reach = f"{_WITHIN_CLAUSE}{{0,{self.supposition_reach}}}"
        harmless = [re.escape(word) + reach for word in self.emergency_suppositions]
        harmless += [re.escape(word) for word in self.emergency_exceptions]
        words = [gap.join(map(re.escape, word.split("…"))) for word in self.emergency_words]
        return re.compile("|".join([*harmless, f"(?P<word>{'|'.join(words)})"]))


class EscalationStep(Section):
    """提级: who is told that something is overdue, and how long after the deadline."""

    after: Limit
    to: Literal[UnitLevel.DISTRICT, UnitLevel.CITY]


class TicketEscalationStep(EscalationStep):
    """工单提级: and within what the unit that an overdue ticket is brought before acts."""

    act: Limit


class Warnings(Section):
    """黄牌与提级: the share of the limit at which the unit is warned, and the steps after it."""

    yellow: PositiveShare
    escalation: tuple[TicketEscalationStep, ...]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        waits = [step.after.nominal for step in self.escalation]
        if waits != sorted(waits):
            raise ValueError("escalation steps must be in the order of their time")
        return self


class Rework(Section):
    """重办: how many rounds, and the share of the reply limit that a round gets."""

    rounds: Count
    share: PositiveShare


class Joint(Section):
    """联合双派: whether the joint units get a task again when a ticket is reworked."""

    again_on_rework: bool


class HandDown(Section):
    """街道交办社区: the street's list of what it may hand down; no category means every one."""

    categories: tuple[CategoryPrefix, ...]
    except_kinds: frozenset[TicketKind]

    def allows(self, kind: TicketKind, category_code: str | None) -> bool:
        """Whether such a ticket may be handed down; an unclassified one only where all may."""
        if kind in self.except_kinds:
            return False
        code = f"{category_code}." if category_code else ""
        return not self.categories or any(code.startswith(f"{p}.") for p in self.categories)


class Whistle(Section):
    """吹哨报到: how soon a called unit reports in, and who is told when it does not."""

    report_in: Frozen[ResponseLevel, Limit]
    escalation: tuple[EscalationStep, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := [level.value for level in ResponseLevel if level not in self.report_in]:
            raise ValueError(f"report_in lacks {', '.join(missing)}")
        waits = [step.after.nominal for step in self.escalation]
        if waits != sorted(waits):
            raise ValueError("escalation steps must be in the order of their time")
        return self


class Extension(Section):
    """延期: the most that all extensions of one clock may add together."""

    maximum: Limit


class Suspension(Section):
    """挂账: how long one may last, and what follows on the day of its review.

    With `decide_within` the ticket is put before its supervisor, who has that time to decide; it
    resumes by itself after it. Without, it resumes by itself on the day.
    """

    maximum: Limit
    decide_within: Limit | None = None


class Conference(Section):
    """会商: how long units have that are asked for their opinion before the dispatch (B12)."""

    opinion: Limit


class Contest(Section):
    """派单异议: how often one assignment may be contested, until when, and what a ruling does.

    `ruling` is the time after which a contest that nobody ruled on is brought before the
    supervisors. `reworks` says whether a unit may contest the rework of its own ticket,
    `locks_upheld` whether the unit that a ruling names is bound by it.
    """

    per_assignment: Count
    within: Limit
    ruling: Limit
    reworks: bool
    locks_upheld: bool


class Gathering(Section):
    """How many tickets of one kind, submitted within that time, are one problem."""

    count: Annotated[int, Field(ge=2, le=1000, strict=True)]
    within: Limit

    @model_validator(mode="after")
    def _wall(self) -> Self:
        if self.within.calendar is not CalendarKind.WALL:
            raise ValueError("tickets are counted over time on the wall clock")
        return self


class Supervision(Section):
    """督办: what makes a problem ticket; the grade of each trigger, the limit of each grade."""

    reworks: PositiveCount
    transfers: PositiveCount
    urges: PositiveCount
    repeated: Gathering
    concentrated: Gathering
    grades: Frozen[SupervisionTrigger, SupervisionGrade]
    limits: Frozen[SupervisionGrade, Limit]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := [grade.value for grade in SupervisionGrade if grade not in self.limits]:
            raise ValueError(f"limits lack {', '.join(missing)}")
        by_rule = set(SupervisionTrigger) - {SupervisionTrigger.HAND}
        if set(self.grades) != by_rule:
            wanted = ", ".join(sorted(trigger.value for trigger in by_rule))
            raise ValueError(f"grades must name exactly {wanted}")
        return self


class Callback(Section):
    """回访: when the centre may call, how often, and which answers ask for a rework."""

    workday_windows: Spans
    restday_windows: Spans
    delay: Limit
    attempts: PositiveCount
    unreachable: Literal[CallbackOutcome.CLOSE, CallbackOutcome.CLOSE_UNSCORED]
    rework_on: frozenset[Satisfaction]
    rework_when_unresolved: bool
    evaluation_days: PositiveCount

    @model_validator(mode="after")
    def _wall_delay(self) -> Self:
        if self.delay.calendar is not CalendarKind.WALL:
            raise ValueError("the delay of the first call runs on the wall clock")
        return self


class CompositeWeights(Section):
    """The weights of the three rates in the composite; they add up to 1."""

    response: Share
    resolution: Share
    satisfaction: Share

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.response + self.resolution + self.satisfaction != 1:
            raise ValueError("the weights must add up to exactly 1")
        return self


class Period(Section):
    """考评周期: the local day and hour at which one month's window turns into the next.

    With PREVIOUS_MONTH the window of month M begins in the month before and ends in M.
    """

    day: Annotated[int, Field(ge=1, le=28, strict=True)]
    hour: Annotated[int, Field(ge=0, le=23, strict=True)]
    begins_in: Literal["SAME_MONTH", "PREVIOUS_MONTH"]


class Evaluation(Section):
    """三率: the period, the weights, and the decimals that are shown."""

    period: Period
    satisfied: Frozen[Satisfaction, Share]
    composite: CompositeWeights
    decimals: Annotated[int, Field(ge=0, le=6, strict=True)]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := [answer.value for answer in Satisfaction if answer not in self.satisfied]:
            raise ValueError(f"satisfied lacks {', '.join(missing)}")
        return self


class LoginCode(Section):
    """The code that a citizen signs in with."""

    valid_minutes: PositiveCount
    attempts: PositiveCount
    sends_per_hour: PositiveCount


class Restraints(Section):
    """How often, and for how long, a caller may do something again."""

    urges_per_day: PositiveCount


class Merging(Section):
    """并单提示: how long ago and how far away another ticket may be to be the same matter."""

    window_days: PositiveCount
    metres: Annotated[int, Field(ge=1, le=20_000, strict=True)]


class ContestGround(Section):
    """异议理由: a ground on which a unit may contest a dispatch, with its source."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
    label: Word
    english: Annotated[str, Field(min_length=1, max_length=120)]
    source: Annotated[str, Field(min_length=1, max_length=60)]


class Classification(Section):
    """自动分类: from which probability on a category is set without asking anybody."""

    threshold: PositiveShare
    suggestions: Annotated[int, Field(ge=1, le=10, strict=True)]


class TriageGround(Section):
    """不派单的理由: a ground on which a ticket is not dispatched, with its legal source."""

    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{1,39}$")]
    label: Word
    english: Annotated[str, Field(min_length=1, max_length=120)]
    source: Annotated[str, Field(min_length=1, max_length=60)]
    status: Literal[TicketStatus.ANSWERED, TicketStatus.REDIRECTED]
    hand_over: Annotated[str, Field(pattern=r"^\d{3,5}$")] | None = None
