"""The closed lists of the API: the domain's own enums, described for front-end developers."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from domain.dispatch.route import RouteReason as _RouteReason
from domain.dispatch.segments import Cause, SegmentKind
from domain.dispatch.triage import TriageOutcome as _TriageOutcome
from domain.feedback import models as feedback
from domain.kernel import vocabulary as words
from domain.kernel.errors import ProblemCode as _ProblemCode
from domain.tickets import assignments


def described(enum: type[StrEnum], name: str, description: str, members: dict[str, str]) -> None:
    """Give an enum its GraphQL name, its description, and one description a member.

    Raises ValueError where a member has no description, or a description no member.
    """
    strawberry.enum(enum, name=name, description=description)
    definition = vars(enum)["__strawberry_definition__"]
    if {value.name for value in definition.values} != set(members):
        raise ValueError(f"{name}: every member needs a description, and no other")
    for value in definition.values:
        value.description = members[value.name]


TicketKind = words.TicketKind
described(
    TicketKind,
    "TicketKind",
    "What the citizen wants (诉求类型).",
    {
        "CONSULTATION": "A question; answered at once where possible (咨询).",
        "HELP": "Help with a difficulty (求助).",
        "COMPLAINT": "A complaint about something or somebody (投诉).",
        "REPORT": "A report of unlawful conduct; its citizen is never shown to a unit (举报).",
        "SUGGESTION": "A suggestion (建议).",
        "PRAISE": "Praise (表扬).",
    },
)
TicketStatus = words.TicketStatus
described(
    TicketStatus,
    "TicketStatus",
    "Where a ticket stands (工单状态).",
    {
        "RECEIVED": "Registered; waits for triage (已登记，待分流).",
        "ANSWERED": "Answered by the centre; an end (直接答复).",
        "REDIRECTED": "Handed over or told the proper channel; an end (已转接).",
        "MERGED": "Follows another ticket (已并单).",
        "DISPATCHED": "Given to a unit; waits to be accepted (已派单，待签收).",
        "CONTESTED": "The unit contests the dispatch (派单异议审核中).",
        "ACCEPTED": "In the unit's hands (已签收，办理中).",
        "SUSPENDED": "Suspended under a plan; its clock stands (挂账).",
        "REPLIED": "Replied to; waits for the callback (已答复，待回访).",
        "CLOSED": "Closed; an end (办结).",
        "WITHDRAWN": "Taken back by the citizen; an end (已撤回).",
    },
)
ResponseLevel = words.ResponseLevel
described(
    ResponseLevel,
    "ResponseLevel",
    "How soon a unit must have replied (四级响应).",
    {
        "L1": "Danger to life or property; two hours in Beijing (一级).",
        "L2": "Water, power, gas, heat; twenty-four hours in Beijing (二级).",
        "L3": "Ordinary; seven days in Beijing (三级).",
        "L4": "Complex; fifteen days in Beijing (四级).",
    },
)
Channel = words.Channel
described(
    Channel,
    "Channel",
    "By which way a ticket came in (受理渠道).",
    {
        "PHONE": "A call (电话).",
        "WEB": "The web (网站).",
        "WECHAT_MINI_PROGRAM": "The WeChat mini-program (微信小程序).",
        "WECHAT_OFFICIAL_ACCOUNT": "The WeChat official account (微信公众号).",
        "APP": "The app (手机应用).",
        "SMS": "A text message (短信).",
        "MAILBOX": "The mayor's mailbox (市长信箱).",
        "WEIBO": "Weibo (微博).",
        "TOUTIAO": "Toutiao (头条).",
        "PEOPLE_CN": "The message board of people.cn (人民网领导留言板).",
        "STATE_COUNCIL_SUPERVISION": "The State Council's Internet+Supervision (国办互联网+督查).",
        "NATIONAL_COMPLAINTS": "The national complaints platform (国家政务服务投诉与建议).",
        "OPEN311": "Open311 (Open311 接口).",
        "PARTNER": "A partner's own channel (合作渠道).",
        "IMPORT": "Imported from earlier years (历史数据导入).",
    },
)
CategorySource = words.CategorySource
described(
    CategorySource,
    "CategorySource",
    "Who says that a ticket belongs to its category (分类来源).",
    {
        "SUBMITTED": "Named as it was submitted (登记时选定).",
        "MODEL": "A model was sure enough (模型判定).",
        "CENTRE": "The centre, by classifyTicket (热线中心定类).",
    },
)
UnitLevel = words.UnitLevel
described(
    UnitLevel,
    "UnitLevel",
    "Where a unit stands in the tree (单位层级).",
    {
        "CITY": "The city (市).",
        "DISTRICT": "A district (区).",
        "STREET": "A street or township (街道、乡镇).",
        "COMMUNITY": "A community or village (社区、村).",
        "DEPARTMENT": "A department of the city or a district (部门).",
        "ENTERPRISE": "A public-service enterprise (公共服务企业).",
    },
)
UnitGroup = words.UnitGroup
described(
    UnitGroup,
    "UnitGroup",
    "Units that are ranked among their own (考评分组).",
    {
        "STREET": "Streets and townships (街道、乡镇).",
        "DISTRICT": "Districts (区).",
        "DEPARTMENT": "Departments (部门).",
        "ENTERPRISE": "Public-service enterprises (公共服务企业).",
    },
)
Satisfaction = words.Satisfaction
described(
    Satisfaction,
    "Satisfaction",
    "How satisfied the citizen is (满意度).",
    {
        "VERY_SATISFIED": "Very satisfied (非常满意).",
        "SATISFIED": "Satisfied (满意).",
        "BASICALLY_SATISFIED": "Basically satisfied (基本满意).",
        "DISSATISFIED": "Dissatisfied (不满意).",
        "VERY_DISSATISFIED": "Very dissatisfied (非常不满意).",
    },
)
ClockName = words.ClockName
described(
    ClockName,
    "ClockName",
    "What a clock limits (时限种类).",
    {
        "ACCEPT": "Until the unit accepts (签收).",
        "CONTACT": "Until the unit first contacts the citizen (首次联系).",
        "REPLY": "Until the unit replies (答复).",
    },
)
AssignmentRole = assignments.AssignmentRole
described(
    AssignmentRole,
    "AssignmentRole",
    "What a unit is to a ticket (派单角色).",
    {
        "LEAD": "The first unit leads and may not pass the ticket on (主办).",
        "JOINT": "Has a task of its own beside the lead: own clock, own reply (联合双派).",
        "CO_HANDLER": "Helps the lead (协办).",
        "COPY": "Sees the ticket (抄送).",
        "HANDED_DOWN": "A community that works on it for its street (社区承接).",
        "CALLED": "Was called by a whistle (吹哨所呼叫).",
        "CONFEREE": "Is asked for its opinion before the dispatch (会商单位).",
    },
)
OpinionStance = assignments.OpinionStance
described(
    OpinionStance,
    "OpinionStance",
    "Whose a unit that was asked says a matter is (会商意见).",
    {
        "RESPONSIBLE": "It should lead (应由本单位主办).",
        "SHARED": "It can help (本单位可配合办理).",
        "NOT_RESPONSIBLE": "It is not its own (不属本单位职责).",
    },
)
RouteReason = _RouteReason
described(
    RouteReason,
    "RouteReason",
    "Why a ticket was routed as it was (派单依据).",
    {
        "NAMED_UNIT": "The agent named the unit (指定单位).",
        "STREET_NAMED": "The address names a street (地址写明街道).",
        "COMMUNITY_NAMED": "The address names a community of one street (地址写明社区).",
        "DISTRICT_ONLY": "Only the district is known (只能确定到区).",
        "LOCATION_DISTRICT": "The location lies in a district (按定位所在的区).",
        "AMBIGUOUS": "The names fit several places: triage decides (同名或矛盾).",
        "NOTHING_KNOWN": "No place is named: triage decides (没有地点).",
    },
)
SegmentKindName = SegmentKind
described(
    SegmentKindName,
    "SegmentKind",
    "What a segment does to its clock (时限段).",
    {
        "RUN": "Starts the clock, or lets it run again (计时).",
        "PAUSE": "Stops it (暂停).",
        "SUSPENSION": "Stops it under a plan (挂账).",
        "EXTENSION": "Adds to it (延期).",
        "LEVEL_CHANGE": "Another level's limit counts from the start (等级调整).",
        "CALENDAR_CHANGE": "The working calendar changed (日历更新).",
    },
)
SegmentCause = Cause
described(
    SegmentCause,
    "SegmentCause",
    "Why a segment was recorded (时限段缘由).",
    {
        "DISPATCH": "Dispatch (派单).",
        "REWORK": "Rework (重办).",
        "CONTEST": "A contested dispatch (派单异议).",
        "SUSPENSION": "Suspension (挂账).",
        "RESUMPTION": "Resumption (恢复).",
        "EXTENSION": "A granted extension (延期).",
        "LEVEL": "A change of level (等级调整).",
        "CALENDAR": "A holiday arrangement (节假日安排).",
    },
)
CallbackStatus = feedback.CallbackStatus
described(
    CallbackStatus,
    "CallbackStatus",
    "Where one attempt to call back stands (回访状态).",
    {
        "SCHEDULED": "To be called (待回访).",
        "ANSWERED": "The citizen answered (已回访).",
        "UNREACHED": "The citizen was not reached (未接通).",
        "CANCELLED": "No longer needed (已取消).",
    },
)
CallbackSource = feedback.CallbackSource
described(
    CallbackSource,
    "CallbackSource",
    "Who gave the answers (回访来源).",
    {"CALL": "A call by the centre (电话回访).", "CITIZEN": "The citizen's own evaluation (自评)."},
)
TriageOutcome = _TriageOutcome
described(
    TriageOutcome,
    "TriageOutcome",
    "What becomes of a ticket that is not dispatched (分流结果).",
    {
        "ANSWER": "Answered directly (直接答复).",
        "REDIRECT": "Handed over, or told where to go (转接).",
    },
)


ProblemCode = _ProblemCode
described(
    ProblemCode,
    "ProblemCode",
    "Why a mutation was refused, for programs (问题代码).",
    {
        "INVALID_INPUT": "The input has faults; see `fields` (输入有误).",
        "UNAUTHENTICATED": "A login is needed, or a code was wrong (未登录).",
        "NOT_ALLOWED": "Not for this role or unit (无权).",
        "NOT_FOUND": "Does not exist, or may not be seen: no difference (不存在).",
        "NOT_POSSIBLE_NOW": "Not in this state of the ticket (当前状态不允许).",
        "CONFLICT": "Changed since it was read; read again (已被更新).",
        "KEY_REUSED": "The idempotency key was used for another input (幂等键重复).",
        "RATE_LIMITED": "Too often; see `retryAfter` (过于频繁).",
        "UNIT_HAS_OPEN_TICKETS": "The unit leads open tickets; see `codes` (尚有未结工单).",
    },
)
