"""The transition table: which step leads from where to where, and who may take it.

Pure data and pure functions. There is no other way to change a ticket's status.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.kernel.actor import Role
from domain.kernel.errors import NotPossibleNow
from domain.kernel.vocabulary import TicketStatus as S


class Action(StrEnum):
    """A step that somebody may take on a ticket (TicketAction in the API)."""

    SUPPLEMENT = "SUPPLEMENT"  # 补充
    URGE = "URGE"  # 催办
    WITHDRAW = "WITHDRAW"  # 撤回
    EVALUATE = "EVALUATE"  # 自评
    ANSWER = "ANSWER"  # 直接答复
    REDIRECT = "REDIRECT"  # 转接、告知渠道
    CLASSIFY = "CLASSIFY"  # 定类定级
    DISPATCH = "DISPATCH"  # 派单
    ACCEPT = "ACCEPT"  # 签收
    RECORD_CONTACT = "RECORD_CONTACT"  # 联系市民
    REPLY = "REPLY"  # 答复
    RECORD_CALLBACK = "RECORD_CALLBACK"  # 回访
    CONTEST = "CONTEST"  # 派单异议
    RULE_ON_CONTEST = "RULE_ON_CONTEST"  # 异议裁定
    SUPERVISE = "SUPERVISE"  # 督办
    REQUEST_EXTENSION = "REQUEST_EXTENSION"  # 申请延期
    DECIDE_EXTENSION = "DECIDE_EXTENSION"  # 审批延期
    SUSPEND = "SUSPEND"  # 挂账
    RESUME = "RESUME"  # 恢复办理
    ACCEPT_TASK = "ACCEPT_TASK"  # 联合单位签收
    RECORD_TASK_CONTACT = "RECORD_TASK_CONTACT"  # 联合单位联系市民
    REPLY_TO_TASK = "REPLY_TO_TASK"  # 联合单位反馈
    REPORT_PROGRESS = "REPORT_PROGRESS"  # 阶段性进展
    EXCUSE_JOINT_UNIT = "EXCUSE_JOINT_UNIT"  # 免除联合单位
    ASK_CO_HANDLER = "ASK_CO_HANDLER"  # 请求协办
    RECORD_ASSISTANCE = "RECORD_ASSISTANCE"  # 协办记录
    HAND_DOWN = "HAND_DOWN"  # 交办社区
    CONFER = "CONFER"  # 派单前会商
    GIVE_OPINION = "GIVE_OPINION"  # 会商意见
    GIVE_BACK = "GIVE_BACK"  # 社区交回
    WHISTLE = "WHISTLE"  # 吹哨
    REPORT_IN = "REPORT_IN"  # 报到
    CONFIRM_REPORT_IN = "CONFIRM_REPORT_IN"  # 确认报到
    RATE_WHISTLE = "RATE_WHISTLE"  # 评价吹哨
    CLOSE_WHISTLE = "CLOSE_WHISTLE"  # 哨声解除
    MERGE = "MERGE"  # 并单
    UNMERGE = "UNMERGE"  # 撤销并单
    SPLIT = "SPLIT"  # 拆单
    CONCLUDE = "CONCLUDE"  # 汇总答复
    RECUSE = "RECUSE"  # 本人回避
    RECUSE_STAFF = "RECUSE_STAFF"  # 决定回避


class Step(StrEnum):
    """What happens by rule, not by somebody's choice."""

    SUBMIT = "SUBMIT"  # 登记
    WARN = "WARN"  # 预警
    OVERDUE = "OVERDUE"  # 超期
    ESCALATE = "ESCALATE"  # 提级
    JOIN_LINE = "JOIN_LINE"  # 列入应急专线
    REWORK = "REWORK"  # 重办
    CLOSE = "CLOSE"  # 办结
    OPINIONS_DUE = "OPINIONS_DUE"  # 会商逾期未反馈
    RULING_DUE = "RULING_DUE"  # 异议逾期未裁定
    REDISPATCH = "REDISPATCH"  # 经裁定改派
    REINSTATE = "REINSTATE"  # 异议不成立，仍待签收
    REINSTATE_ACCEPTED = "REINSTATE_ACCEPTED"  # 异议不成立，继续办理
    SUPERVISION_REPORTED = "SUPERVISION_REPORTED"  # 督办反馈
    SUPERVISION_RETURNED = "SUPERVISION_RETURNED"  # 督办退回
    SUPERVISION_OVERDUE = "SUPERVISION_OVERDUE"  # 督办逾期升级
    SUPERVISION_CLOSED = "SUPERVISION_CLOSED"  # 督办办结
    EXTEND = "EXTEND"  # 延期获准
    REVIEW_DUE = "REVIEW_DUE"  # 挂账到期复查
    CALENDAR_CHANGE = "CALENDAR_CHANGE"  # 工作日历更新
    DEADLINE_MOVED = "DEADLINE_MOVED"  # 内部时限随工作日历调整
    TASK_WARN = "TASK_WARN"  # 联合任务预警
    TASK_OVERDUE = "TASK_OVERDUE"  # 联合任务超期
    REPORT_IN_LATE = "REPORT_IN_LATE"  # 报到超期
    REPORT_IN_ESCALATE = "REPORT_IN_ESCALATE"  # 报到超期提级
    FOLLOW = "FOLLOW"  # 并单后主单的进展
    GAIN_FOLLOWER = "GAIN_FOLLOWER"  # 有工单并入
    PROMOTE = "PROMOTE"  # 主单撤回，由本单接续
    TAKE_AWAY = "TAKE_AWAY"  # 单位回避，收回工单


class Party(StrEnum):
    """What an actor is to one ticket; access and actions follow from it."""

    SUBMITTER = "SUBMITTER"  # the citizen whose ticket it is, or the partner who sent it
    CENTRE = "CENTRE"  # 热线中心: an agent
    SUPERVISOR = "SUPERVISOR"  # 督办员, who may also do what an agent may
    LEAD = "LEAD"  # a handler of the lead unit
    JOINT = "JOINT"  # a handler of a unit with a joint task
    CO_HANDLER = "CO_HANDLER"  # a handler of a unit that helps
    HANDED_DOWN = "HANDED_DOWN"  # a handler of the community that the street handed it down to
    CALLED = "CALLED"  # a handler of a unit that a whistle called
    CONFEREE = "CONFEREE"  # a handler of a unit that is asked before the dispatch
    ABOVE = "ABOVE"  # a handler of a unit above the lead: its district, say
    NONE = "NONE"  # everybody else who may see it


class Condition(StrEnum):
    """What else, beside status and party, decides whether an action is open to somebody now."""

    TASK_NEW = "TASK_NEW"  # the own joint task waits to be accepted
    TASK_TAKEN = "TASK_TAKEN"  # the own joint task is accepted and not replied to
    TASKS_OPEN = "TASKS_OPEN"  # a joint task is neither replied to nor excused
    STREET_LEADS = "STREET_LEADS"  # the lead is a street: it has communities
    GRASSROOTS_LEAD = "GRASSROOTS_LEAD"  # the lead is a street or a district: it may whistle
    CALLED_IN = "CALLED_IN"  # an open whistle waits for the own unit
    REPORT_TO_CONFIRM = "REPORT_TO_CONFIRM"  # a unit reported in and waits for the lead's word
    WHISTLE_TO_RATE = "WHISTLE_TO_RATE"  # the own unit reported in and has not rated the caller
    WHISTLE_OPEN = "WHISTLE_OPEN"  # a whistle of the lead is not closed
    ASKED_ABOUT = "ASKED_ABOUT"  # its own citizen is asked about it now
    OPINION_AWAITED = "OPINION_AWAITED"  # the own unit was asked and has not answered
    WAS_SPLIT = "WAS_SPLIT"  # it has parts, whose replies are put together


@dataclass(frozen=True, slots=True)
class Transition:
    """From these statuses to that one (None: the status stays), by these parties.

    Open only where `given` holds and `unless` does not; the commands check both by their rules.
    """

    sources: frozenset[S]
    target: S | None
    parties: frozenset[Party] = frozenset()
    given: Condition | None = None
    unless: Condition | None = None


_IN_HAND = frozenset({S.DISPATCHED, S.ACCEPTED})
# A joint task, and a called unit's duty, go on while the lead contests or suspends its own part. A
# contest is the offices' business: clocks run on, and the citizen may do what they might before;
# and a clock that ran out before a suspension goes on.
_UNDER_WAY = _IN_HAND | {S.CONTESTED, S.SUSPENDED}
SUPERVISED = _UNDER_WAY | {S.REPLIED}
"""A unit leads the ticket, and it is not at its end."""
_BEFORE_REPLY = _UNDER_WAY | {S.RECEIVED}
_CONTESTED = frozenset({S.CONTESTED})
# A contest waits for its ruling and a suspension for its review: neither is cut short by a merge.
_RESHAPED = _IN_HAND | {S.RECEIVED}
# A merged ticket is judged by its own citizen when the ticket that it follows was replied to.
_JUDGED = frozenset({S.REPLIED, S.MERGED})
_NOT_ENDED = _BEFORE_REPLY | _JUDGED
_SUBMITTER = frozenset({Party.SUBMITTER})
_CENTRE = frozenset({Party.CENTRE, Party.SUPERVISOR})
_SUPERVISOR = frozenset({Party.SUPERVISOR})
_LEAD = frozenset({Party.LEAD})
_JOINT = frozenset({Party.JOINT})
_CONFEREE = frozenset({Party.CONFEREE})
_HELPING = frozenset({Party.CO_HANDLER, Party.HANDED_DOWN})
_MAY_BE_CALLED = frozenset({Party.JOINT, Party.CO_HANDLER, Party.CALLED})
_UNITS = _LEAD | _HELPING | _MAY_BE_CALLED | _CONFEREE | {Party.ABOVE}
# Nobody grants time to themselves: the level above the lead, and where there is none a supervisor.
_DECIDERS = frozenset({Party.ABOVE, Party.SUPERVISOR})

ACTIONS: Mapping[Action, Transition] = MappingProxyType(
    {
        Action.SUPPLEMENT: Transition(_BEFORE_REPLY, None, _SUBMITTER | _CENTRE),
        Action.URGE: Transition(_UNDER_WAY, None, _SUBMITTER),
        Action.WITHDRAW: Transition(_BEFORE_REPLY, S.WITHDRAWN, _SUBMITTER),
        Action.EVALUATE: Transition(_JUDGED, None, _SUBMITTER, given=Condition.ASKED_ABOUT),
        Action.ANSWER: Transition(frozenset({S.RECEIVED}), S.ANSWERED, _CENTRE),
        Action.REDIRECT: Transition(frozenset({S.RECEIVED}), S.REDIRECTED, _CENTRE),
        Action.CLASSIFY: Transition(_BEFORE_REPLY, None, _CENTRE),
        Action.DISPATCH: Transition(frozenset({S.RECEIVED, S.DISPATCHED}), S.DISPATCHED, _CENTRE),
        Action.CONFER: Transition(frozenset({S.RECEIVED}), None, _CENTRE),
        Action.GIVE_OPINION: Transition(
            frozenset({S.RECEIVED}), None, _CONFEREE, given=Condition.OPINION_AWAITED
        ),
        Action.ACCEPT: Transition(frozenset({S.DISPATCHED}), S.ACCEPTED, _LEAD),
        Action.RECORD_CONTACT: Transition(frozenset({S.ACCEPTED, S.SUSPENDED}), None, _LEAD),
        Action.REPLY: Transition(
            frozenset({S.ACCEPTED}), S.REPLIED, _LEAD, unless=Condition.TASKS_OPEN
        ),
        Action.RECORD_CALLBACK: Transition(_JUDGED, None, _CENTRE, given=Condition.ASKED_ABOUT),
        Action.CONTEST: Transition(_IN_HAND, S.CONTESTED, _LEAD),
        Action.RULE_ON_CONTEST: Transition(_CONTESTED, None, _SUPERVISOR),
        Action.SUPERVISE: Transition(SUPERVISED, None, _SUPERVISOR),
        Action.REQUEST_EXTENSION: Transition(frozenset({S.ACCEPTED}), None, _LEAD),
        Action.DECIDE_EXTENSION: Transition(frozenset({S.ACCEPTED}), None, _DECIDERS),
        Action.SUSPEND: Transition(frozenset({S.ACCEPTED}), S.SUSPENDED, _DECIDERS),
        Action.RESUME: Transition(frozenset({S.SUSPENDED}), S.ACCEPTED, _DECIDERS | _LEAD),
        Action.ACCEPT_TASK: Transition(_UNDER_WAY, None, _JOINT, given=Condition.TASK_NEW),
        Action.RECORD_TASK_CONTACT: Transition(
            _UNDER_WAY, None, _JOINT, given=Condition.TASK_TAKEN
        ),
        Action.REPLY_TO_TASK: Transition(_UNDER_WAY, None, _JOINT, given=Condition.TASK_TAKEN),
        Action.REPORT_PROGRESS: Transition(_UNDER_WAY, None, _JOINT, given=Condition.TASK_TAKEN),
        Action.EXCUSE_JOINT_UNIT: Transition(
            _UNDER_WAY, None, frozenset({Party.SUPERVISOR}), given=Condition.TASKS_OPEN
        ),
        Action.ASK_CO_HANDLER: Transition(_IN_HAND, None, _LEAD | _CENTRE),
        Action.RECORD_ASSISTANCE: Transition(_UNDER_WAY, None, _HELPING),
        Action.HAND_DOWN: Transition(_IN_HAND, None, _LEAD, given=Condition.STREET_LEADS),
        Action.GIVE_BACK: Transition(_UNDER_WAY, None, frozenset({Party.HANDED_DOWN})),
        Action.WHISTLE: Transition(_IN_HAND, None, _LEAD, given=Condition.GRASSROOTS_LEAD),
        Action.REPORT_IN: Transition(_UNDER_WAY, None, _MAY_BE_CALLED, given=Condition.CALLED_IN),
        Action.CONFIRM_REPORT_IN: Transition(
            SUPERVISED, None, _LEAD, given=Condition.REPORT_TO_CONFIRM
        ),
        Action.RATE_WHISTLE: Transition(
            SUPERVISED, None, _MAY_BE_CALLED, given=Condition.WHISTLE_TO_RATE
        ),
        Action.CLOSE_WHISTLE: Transition(SUPERVISED, None, _LEAD, given=Condition.WHISTLE_OPEN),
        Action.MERGE: Transition(_RESHAPED, S.MERGED, _CENTRE),
        Action.UNMERGE: Transition(frozenset({S.MERGED}), S.RECEIVED, _CENTRE),
        Action.SPLIT: Transition(_RESHAPED, None, _CENTRE),
        Action.CONCLUDE: Transition(
            _IN_HAND, S.REPLIED, _CENTRE, given=Condition.WAS_SPLIT, unless=Condition.TASKS_OPEN
        ),
        Action.RECUSE: Transition(_NOT_ENDED, None, _CENTRE | _UNITS),
        Action.RECUSE_STAFF: Transition(_NOT_ENDED, None, _SUPERVISOR),
    }
)

STEPS: Mapping[Step, Transition] = MappingProxyType(
    {
        Step.SUBMIT: Transition(frozenset(), S.RECEIVED),
        Step.WARN: Transition(_UNDER_WAY, None),
        Step.OVERDUE: Transition(_UNDER_WAY, None),
        Step.ESCALATE: Transition(_UNDER_WAY, None),
        Step.JOIN_LINE: Transition(_BEFORE_REPLY, None),
        Step.REWORK: Transition(_JUDGED, S.DISPATCHED),
        Step.CLOSE: Transition(_JUDGED, S.CLOSED),
        Step.OPINIONS_DUE: Transition(frozenset({S.RECEIVED}), None),
        Step.RULING_DUE: Transition(_CONTESTED, None),
        Step.REDISPATCH: Transition(_CONTESTED, S.DISPATCHED),
        Step.REINSTATE: Transition(_CONTESTED, S.DISPATCHED),
        Step.REINSTATE_ACCEPTED: Transition(_CONTESTED, S.ACCEPTED),
        Step.SUPERVISION_REPORTED: Transition(SUPERVISED, None),
        Step.SUPERVISION_RETURNED: Transition(SUPERVISED, None),
        Step.SUPERVISION_OVERDUE: Transition(SUPERVISED, None),
        Step.SUPERVISION_CLOSED: Transition(SUPERVISED, None),
        Step.EXTEND: Transition(frozenset({S.ACCEPTED}), None),
        Step.REVIEW_DUE: Transition(frozenset({S.SUSPENDED}), None),
        Step.CALENDAR_CHANGE: Transition(_UNDER_WAY, None),
        Step.DEADLINE_MOVED: Transition(SUPERVISED | {S.RECEIVED}, None),
        Step.TASK_WARN: Transition(_UNDER_WAY, None),
        Step.TASK_OVERDUE: Transition(_UNDER_WAY, None),
        Step.REPORT_IN_LATE: Transition(_UNDER_WAY, None),
        Step.REPORT_IN_ESCALATE: Transition(_UNDER_WAY, None),
        Step.FOLLOW: Transition(frozenset({S.MERGED}), None),
        Step.GAIN_FOLLOWER: Transition(_BEFORE_REPLY, None),
        Step.PROMOTE: Transition(frozenset({S.MERGED}), S.RECEIVED),
        Step.TAKE_AWAY: Transition(_UNDER_WAY, S.RECEIVED),
    }
)

_BY_ROLE = {Role.AGENT: Party.CENTRE, Role.SUPERVISOR: Party.SUPERVISOR}
ENDED = frozenset({S.ANSWERED, S.REDIRECTED, S.CLOSED, S.WITHDRAWN})


def transition(move: Action | Step) -> Transition:
    """The row of the table for an action or a step."""
    return ACTIONS[move] if isinstance(move, Action) else STEPS[move]


def next_status(status: S | None, move: Action | Step) -> S:
    """Return the status after `move`; `status` is None only before SUBMIT.

    Raises NotPossibleNow where the table has no such way.
    """
    row = transition(move)
    if status is None:
        if move is not Step.SUBMIT:
            raise NotPossibleNow("the ticket does not exist yet")
    elif status not in row.sources:
        raise NotPossibleNow(f"{move.value} is not possible while the ticket is {status.value}")
    target = row.target or status
    assert target is not None
    return target


def party(
    role: Role,
    *,
    submitter: bool = False,
    lead: bool = False,
    joint: bool = False,
    co_handler: bool = False,
    handed_down: bool = False,
    called: bool = False,
    conferee: bool = False,
    above: bool = False,
) -> Party:
    """What an actor of that role is to a ticket that it may see; the closest part counts."""
    if role in _BY_ROLE:
        return _BY_ROLE[role]
    if role is Role.HANDLER:
        parts = {
            Party.LEAD: lead, Party.JOINT: joint, Party.CO_HANDLER: co_handler,
            Party.HANDED_DOWN: handed_down, Party.CALLED: called, Party.CONFEREE: conferee,
            Party.ABOVE: above,
        }  # fmt: skip
        return next((part for part, holds in parts.items() if holds), Party.NONE)
    if role in {Role.CITIZEN, Role.PARTNER} and submitter:
        return Party.SUBMITTER
    return Party.NONE


def may(who: Party, action: Action) -> bool:
    """Whether that party may ever take that action."""
    return who in ACTIONS[action].parties


def available_actions(
    status: S, who: Party, holding: Collection[Condition] = frozenset()
) -> tuple[Action, ...]:
    """What that party may do now, in the table's order; what a front end offers as buttons.

    `holding` are the conditions that hold for the actor and the ticket.
    """
    return tuple(
        action
        for action, row in ACTIONS.items()
        if status in row.sources
        and who in row.parties
        and (row.given is None or row.given in holding)
        and row.unless not in holding
    )
