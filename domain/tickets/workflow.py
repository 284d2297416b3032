"""The transition table: which step leads from where to where, and who may take it.

Pure data and pure functions. There is no other way to change a ticket's status.
"""

from __future__ import annotations

from collections.abc import Mapping
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


class Step(StrEnum):
    """What happens by rule, not by somebody's choice."""

    SUBMIT = "SUBMIT"  # 登记
    WARN = "WARN"  # 预警
    OVERDUE = "OVERDUE"  # 超期
    ESCALATE = "ESCALATE"  # 提级
    REWORK = "REWORK"  # 重办
    CLOSE = "CLOSE"  # 办结
    RULING_DUE = "RULING_DUE"  # 异议逾期未裁定
    REDISPATCH = "REDISPATCH"  # 经裁定改派
    REINSTATE = "REINSTATE"  # 异议不成立，仍待签收
    REINSTATE_ACCEPTED = "REINSTATE_ACCEPTED"  # 异议不成立，继续办理
    SUPERVISION_REPORTED = "SUPERVISION_REPORTED"  # 督办反馈
    SUPERVISION_RETURNED = "SUPERVISION_RETURNED"  # 督办退回
    SUPERVISION_OVERDUE = "SUPERVISION_OVERDUE"  # 督办逾期升级
    SUPERVISION_CLOSED = "SUPERVISION_CLOSED"  # 督办办结


class Party(StrEnum):
    """What an actor is to one ticket; access and actions follow from it."""

    SUBMITTER = "SUBMITTER"  # the citizen whose ticket it is, or the partner who sent it
    CENTRE = "CENTRE"  # 热线中心: an agent
    SUPERVISOR = "SUPERVISOR"  # 督办员, who may also do what an agent may
    LEAD = "LEAD"  # a handler of the lead unit
    JOINT = "JOINT"  # a handler of a unit with a joint task
    CO_HANDLER = "CO_HANDLER"  # a handler of a unit that helps
    ABOVE = "ABOVE"  # a handler of a unit above the lead: its district, say
    NONE = "NONE"  # everybody else who may see it


@dataclass(frozen=True, slots=True)
class Transition:
    """From these statuses to that one (None: the status stays), by these parties."""

    sources: frozenset[S]
    target: S | None
    parties: frozenset[Party] = frozenset()


_IN_HAND = frozenset({S.DISPATCHED, S.ACCEPTED})
# A contest is the offices' business: clocks run on, and the citizen may do what they might before.
_RUNNING = _IN_HAND | {S.CONTESTED}
_BEFORE_REPLY = _RUNNING | {S.RECEIVED}
_CONTESTED = frozenset({S.CONTESTED})
SUPERVISED = frozenset({S.DISPATCHED, S.CONTESTED, S.ACCEPTED, S.SUSPENDED, S.REPLIED})
"""A unit leads the ticket, and it is not at its end."""
_SUBMITTER = frozenset({Party.SUBMITTER})
_CENTRE = frozenset({Party.CENTRE, Party.SUPERVISOR})
_SUPERVISOR = frozenset({Party.SUPERVISOR})
_LEAD = frozenset({Party.LEAD})

ACTIONS: Mapping[Action, Transition] = MappingProxyType(
    {
        Action.SUPPLEMENT: Transition(_BEFORE_REPLY, None, _SUBMITTER | _CENTRE),
        Action.URGE: Transition(_RUNNING, None, _SUBMITTER),
        Action.WITHDRAW: Transition(_BEFORE_REPLY, S.WITHDRAWN, _SUBMITTER),
        Action.EVALUATE: Transition(frozenset({S.REPLIED}), None, _SUBMITTER),
        Action.ANSWER: Transition(frozenset({S.RECEIVED}), S.ANSWERED, _CENTRE),
        Action.REDIRECT: Transition(frozenset({S.RECEIVED}), S.REDIRECTED, _CENTRE),
        Action.CLASSIFY: Transition(_BEFORE_REPLY, None, _CENTRE),
        Action.DISPATCH: Transition(frozenset({S.RECEIVED, S.DISPATCHED}), S.DISPATCHED, _CENTRE),
        Action.ACCEPT: Transition(frozenset({S.DISPATCHED}), S.ACCEPTED, _LEAD),
        Action.RECORD_CONTACT: Transition(frozenset({S.ACCEPTED}), None, _LEAD),
        Action.REPLY: Transition(frozenset({S.ACCEPTED}), S.REPLIED, _LEAD),
        Action.RECORD_CALLBACK: Transition(frozenset({S.REPLIED}), None, _CENTRE),
        Action.CONTEST: Transition(_IN_HAND, S.CONTESTED, _LEAD),
        Action.RULE_ON_CONTEST: Transition(_CONTESTED, None, _SUPERVISOR),
        Action.SUPERVISE: Transition(SUPERVISED, None, _SUPERVISOR),
    }
)

STEPS: Mapping[Step, Transition] = MappingProxyType(
    {
        Step.SUBMIT: Transition(frozenset(), S.RECEIVED),
        Step.WARN: Transition(_RUNNING, None),
        Step.OVERDUE: Transition(_RUNNING, None),
        Step.ESCALATE: Transition(_RUNNING, None),
        Step.REWORK: Transition(frozenset({S.REPLIED}), S.DISPATCHED),
        Step.CLOSE: Transition(frozenset({S.REPLIED}), S.CLOSED),
        Step.RULING_DUE: Transition(_CONTESTED, None),
        Step.REDISPATCH: Transition(_CONTESTED, S.DISPATCHED),
        Step.REINSTATE: Transition(_CONTESTED, S.DISPATCHED),
        Step.REINSTATE_ACCEPTED: Transition(_CONTESTED, S.ACCEPTED),
        Step.SUPERVISION_REPORTED: Transition(SUPERVISED, None),
        Step.SUPERVISION_RETURNED: Transition(SUPERVISED, None),
        Step.SUPERVISION_OVERDUE: Transition(SUPERVISED, None),
        Step.SUPERVISION_CLOSED: Transition(SUPERVISED, None),
    }
)

_BY_ROLE = {Role.AGENT: Party.CENTRE, Role.SUPERVISOR: Party.SUPERVISOR}
ENDED = frozenset({S.ANSWERED, S.REDIRECTED, S.MERGED, S.CLOSED, S.WITHDRAWN})


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
    above: bool = False,
) -> Party:
    """What an actor of that role is to a ticket that it may see; the closest part counts."""
    if role in _BY_ROLE:
        return _BY_ROLE[role]
    if role is Role.HANDLER:
        parts = {
            Party.LEAD: lead, Party.JOINT: joint, Party.CO_HANDLER: co_handler, Party.ABOVE: above,
        }  # fmt: skip
        return next((part for part, holds in parts.items() if holds), Party.NONE)
    if role in {Role.CITIZEN, Role.PARTNER} and submitter:
        return Party.SUBMITTER
    return Party.NONE


def may(who: Party, action: Action) -> bool:
    """Whether that party may ever take that action."""
    return who in ACTIONS[action].parties


def available_actions(status: S, who: Party) -> tuple[Action, ...]:
    """What that party may do now, in the table's order; what a front end offers as buttons."""
    return tuple(
        action for action, row in ACTIONS.items() if status in row.sources and who in row.parties
    )
