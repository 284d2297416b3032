"""The steps of a ticket as the API names them: what may be done, and what was done."""

from __future__ import annotations

from enum import StrEnum

from domain.tickets.workflow import Action, Step
from schema.enums import described

TicketAction = Action
described(
    TicketAction,
    "TicketAction",
    "What somebody may do with a ticket; each belongs to the mutation of that name (可用操作).",
    {
        "SUPPLEMENT": "addSupplement (补充).",
        "URGE": "urgeTicket (催办).",
        "WITHDRAW": "withdrawTicket (撤回).",
        "EVALUATE": "evaluateTicket (自评).",
        "ANSWER": "triageTicket with outcome ANSWER (直接答复).",
        "REDIRECT": "triageTicket with outcome REDIRECT (转接).",
        "CLASSIFY": "classifyTicket (定类定级).",
        "DISPATCH": "dispatchTicket (派单).",
        "ACCEPT": "acceptTicket (签收).",
        "RECORD_CONTACT": "recordContact (联系).",
        "REPLY": "replyToTicket (答复).",
        "RECORD_CALLBACK": "recordCallback (回访).",
        "REQUEST_EXTENSION": "requestExtension (申请延期).",
        "DECIDE_EXTENSION": "decideExtension, where a request waits (审批延期).",
        "SUSPEND": "suspendTicket (挂账).",
        "RESUME": "resumeTicket (恢复办理).",
        "ACCEPT_TASK": "acceptTicket by a joint unit, of its own task (联合单位签收).",
        "RECORD_TASK_CONTACT": "recordContact by a joint unit (联合单位联系).",
        "REPLY_TO_TASK": "replyToTicket by a joint unit, to the lead (联合单位反馈).",
        "REPORT_PROGRESS": "reportProgress (阶段性进展).",
        "EXCUSE_JOINT_UNIT": "excuseJointUnit (免除联合单位).",
        "ASK_CO_HANDLER": "askCoHandler (请求协办).",
        "RECORD_ASSISTANCE": "recordAssistance (协办记录).",
        "HAND_DOWN": "handDown (交办社区).",
        "CONFER": "confer (派单前会商).",
        "GIVE_OPINION": "giveOpinion (会商意见).",
        "GIVE_BACK": "giveBack (社区交回).",
        "WHISTLE": "whistle (吹哨).",
        "REPORT_IN": "reportIn (报到).",
        "CONFIRM_REPORT_IN": "confirmReportIn (确认报到).",
        "RATE_WHISTLE": "rateWhistle (评价吹哨).",
        "CLOSE_WHISTLE": "closeWhistle (哨声解除).",
        "CONTEST": "contestDispatch (派单异议).",
        "RULE_ON_CONTEST": "ruleOnContest (异议裁定).",
        "SUPERVISE": "openSupervision (督办).",
        "MERGE": "mergeTicket (并单).",
        "UNMERGE": "unmergeTicket (撤销并单).",
        "SPLIT": "splitTicket (拆单).",
        "CONCLUDE": "concludeTicket (汇总答复).",
        "RECUSE": "recuse (本人回避).",
        "RECUSE_STAFF": "recuseStaff (决定回避).",
    },
)


_EVENTS = {
    "SUBMIT": "Submitted (登记).",
    "SUPPLEMENT": "Words were added (补充).",
    "URGE": "The citizen asked again (催办).",
    "WITHDRAW": "Taken back (撤回).",
    "EVALUATE": "The citizen's own evaluation (自评).",
    "ANSWER": "Answered by the centre (直接答复).",
    "REDIRECT": "Handed over or told the proper channel (转接).",
    "CLASSIFY": "Category or level were set (定类定级).",
    "DISPATCH": "Given to a unit (派单).",
    "ACCEPT": "Accepted (签收).",
    "RECORD_CONTACT": "The unit spoke with the citizen (联系).",
    "REPLY": "The unit replied (答复).",
    "RECORD_CALLBACK": "The centre called back (回访).",
    "WARN": "A clock's warning: yellow card (预警).",
    "OVERDUE": "A clock ran out: red card (超期).",
    "ESCALATE": "Brought before the next level (提级).",
    "JOIN_LINE": "Taken onto an emergency line (列入应急专线).",
    "REWORK": "Given to the same unit once more (重办).",
    "CLOSE": "Closed (办结).",
    "REQUEST_EXTENSION": "The unit asked for more time (申请延期).",
    "DECIDE_EXTENSION": "The request was granted or refused (审批延期).",
    "EXTEND": "The reply has more time, for this reason (延期获准).",
    "SUSPEND": "Suspended under these measures (挂账).",
    "REVIEW_DUE": "The day of review has come (挂账复查).",
    "RESUME": "Taken up again; the clocks go on (恢复办理).",
    "CALENDAR_CHANGE": "Holidays were declared that move a deadline (工作日历更新).",
    "DEADLINE_MOVED": "Holidays moved a limit that offices set one another (内部时限调整).",
    "ACCEPT_TASK": "A joint unit accepted its task (联合单位签收).",
    "RECORD_TASK_CONTACT": "A joint unit spoke with the citizen (联合单位联系).",
    "REPLY_TO_TASK": "A joint unit reported to the lead (联合单位反馈).",
    "REPORT_PROGRESS": "A joint unit told its progress, with reasons (阶段性进展).",
    "EXCUSE_JOINT_UNIT": "The lead need not wait for a joint unit (免除联合单位).",
    "ASK_CO_HANDLER": "Other units were asked to help (请求协办).",
    "RECORD_ASSISTANCE": "A unit that helps told what it did (协办记录).",
    "HAND_DOWN": "The street had a community work on it (交办社区).",
    "GIVE_BACK": "The community gave it back (社区交回).",
    "WHISTLE": "Units were called to the place (吹哨).",
    "REPORT_IN": "A called unit reported in (报到).",
    "CONFIRM_REPORT_IN": "The caller judged a report-in (确认报到).",
    "RATE_WHISTLE": "A called unit rated the caller (评价吹哨).",
    "CLOSE_WHISTLE": "The whistle was closed (哨声解除).",
    "TASK_WARN": "A joint task's warning: yellow card (联合任务预警).",
    "TASK_OVERDUE": "A joint task ran late (联合任务超期).",
    "REPORT_IN_LATE": "A called unit has not reported in on time (报到超期).",
    "REPORT_IN_ESCALATE": "A missing report-in was brought before the next level (报到超期提级).",
    "CONTEST": "The unit contests the dispatch (派单异议).",
    "RULE_ON_CONTEST": "A supervisor ruled on the contest (异议裁定).",
    "CONFER": "Units were asked whose it is (派单前会商).",
    "GIVE_OPINION": "A unit said whether it is its own (会商意见).",
    "OPINIONS_DUE": "Units have not given their opinion in time (会商逾期未反馈).",
    "RULING_DUE": "Nobody ruled on the contest in time (异议逾期未裁定).",
    "REDISPATCH": "Given to another unit by a ruling (经裁定改派).",
    "REINSTATE": "The contest was rejected; waits to be accepted (异议不成立，待签收).",
    "REINSTATE_ACCEPTED": "The contest was rejected; in hand again (异议不成立，继续办理).",
    "SUPERVISE": "An order of supervision was opened (督办).",
    "SUPERVISION_REPORTED": "The unit reported on the order (督办反馈).",
    "SUPERVISION_RETURNED": "The report was returned (督办退回).",
    "SUPERVISION_OVERDUE": "No report in time; the grade rose (督办逾期升级).",
    "SUPERVISION_CLOSED": "The order was closed (督办办结).",
    "MERGE": "Follows another ticket from now on (并单).",
    "UNMERGE": "Goes its own way again (撤销并单).",
    "SPLIT": "Each matter was given to its own unit (拆单).",
    "CONCLUDE": "The centre put the replies of all parts together (汇总答复).",
    "RECUSE": "Somebody stepped back (本人回避).",
    "RECUSE_STAFF": "Somebody was taken off (决定回避).",
    "TAKE_AWAY": "Taken away from a unit that must be recused (单位回避，收回).",
    "FOLLOW": "News of the ticket that it follows: replied to, given back, replaced (主单进展).",
    "GAIN_FOLLOWER": "Another ticket follows this one (有工单并入).",
    "PROMOTE": "Takes the place of the ticket that it followed (接续主单).",
}


class TicketEventKind(StrEnum):
    """The kinds of history entries: every action and every step, by name."""

    SUBMIT = Step.SUBMIT.value
    SUPPLEMENT = Action.SUPPLEMENT.value
    URGE = Action.URGE.value
    WITHDRAW = Action.WITHDRAW.value
    EVALUATE = Action.EVALUATE.value
    ANSWER = Action.ANSWER.value
    REDIRECT = Action.REDIRECT.value
    CLASSIFY = Action.CLASSIFY.value
    DISPATCH = Action.DISPATCH.value
    ACCEPT = Action.ACCEPT.value
    RECORD_CONTACT = Action.RECORD_CONTACT.value
    REPLY = Action.REPLY.value
    RECORD_CALLBACK = Action.RECORD_CALLBACK.value
    WARN = Step.WARN.value
    OVERDUE = Step.OVERDUE.value
    ESCALATE = Step.ESCALATE.value
    JOIN_LINE = Step.JOIN_LINE.value
    REWORK = Step.REWORK.value
    CLOSE = Step.CLOSE.value
    REQUEST_EXTENSION = Action.REQUEST_EXTENSION.value
    DECIDE_EXTENSION = Action.DECIDE_EXTENSION.value
    EXTEND = Step.EXTEND.value
    SUSPEND = Action.SUSPEND.value
    REVIEW_DUE = Step.REVIEW_DUE.value
    RESUME = Action.RESUME.value
    CALENDAR_CHANGE = Step.CALENDAR_CHANGE.value
    DEADLINE_MOVED = Step.DEADLINE_MOVED.value
    ACCEPT_TASK = Action.ACCEPT_TASK.value
    RECORD_TASK_CONTACT = Action.RECORD_TASK_CONTACT.value
    REPLY_TO_TASK = Action.REPLY_TO_TASK.value
    REPORT_PROGRESS = Action.REPORT_PROGRESS.value
    EXCUSE_JOINT_UNIT = Action.EXCUSE_JOINT_UNIT.value
    ASK_CO_HANDLER = Action.ASK_CO_HANDLER.value
    RECORD_ASSISTANCE = Action.RECORD_ASSISTANCE.value
    HAND_DOWN = Action.HAND_DOWN.value
    GIVE_BACK = Action.GIVE_BACK.value
    WHISTLE = Action.WHISTLE.value
    REPORT_IN = Action.REPORT_IN.value
    CONFIRM_REPORT_IN = Action.CONFIRM_REPORT_IN.value
    RATE_WHISTLE = Action.RATE_WHISTLE.value
    CLOSE_WHISTLE = Action.CLOSE_WHISTLE.value
    TASK_WARN = Step.TASK_WARN.value
    TASK_OVERDUE = Step.TASK_OVERDUE.value
    REPORT_IN_LATE = Step.REPORT_IN_LATE.value
    REPORT_IN_ESCALATE = Step.REPORT_IN_ESCALATE.value
    CONTEST = Action.CONTEST.value
    RULE_ON_CONTEST = Action.RULE_ON_CONTEST.value
    CONFER = Action.CONFER.value
    GIVE_OPINION = Action.GIVE_OPINION.value
    OPINIONS_DUE = Step.OPINIONS_DUE.value
    RULING_DUE = Step.RULING_DUE.value
    REDISPATCH = Step.REDISPATCH.value
    REINSTATE = Step.REINSTATE.value
    REINSTATE_ACCEPTED = Step.REINSTATE_ACCEPTED.value
    SUPERVISE = Action.SUPERVISE.value
    SUPERVISION_REPORTED = Step.SUPERVISION_REPORTED.value
    SUPERVISION_RETURNED = Step.SUPERVISION_RETURNED.value
    SUPERVISION_OVERDUE = Step.SUPERVISION_OVERDUE.value
    SUPERVISION_CLOSED = Step.SUPERVISION_CLOSED.value
    MERGE = Action.MERGE.value
    UNMERGE = Action.UNMERGE.value
    SPLIT = Action.SPLIT.value
    CONCLUDE = Action.CONCLUDE.value
    RECUSE = Action.RECUSE.value
    RECUSE_STAFF = Action.RECUSE_STAFF.value
    TAKE_AWAY = Step.TAKE_AWAY.value
    FOLLOW = Step.FOLLOW.value
    GAIN_FOLLOWER = Step.GAIN_FOLLOWER.value
    PROMOTE = Step.PROMOTE.value


described(
    TicketEventKind,
    "TicketEventKind",
    "What happened to a ticket (历史事件).",
    _EVENTS,
)
