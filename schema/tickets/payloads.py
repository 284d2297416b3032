"""What the mutations on tickets give back: the ticket, read after the commit."""

from __future__ import annotations

from uuid import UUID

import strawberry
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from schema.problems import result_of
from schema.reading.declare import Row, reading
from schema.tickets.types import Ticket


@strawberry.type(description="What every step on a ticket gives back (工单操作结果).")
class TicketPayload:
    ticket_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: Ticket,
            where=lambda ticket, a: [ticket.c.id == a.parent("ticket_id", PG_UUID(as_uuid=True))],
        ),
        description="The ticket as it is now; null where you may no longer see it (工单).",
    )
    def ticket(self) -> Ticket | None: ...


@strawberry.type(description="The ticket was taken in (登记结果).")
class SubmitTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The words were added (补充结果).")
class AddSupplementPayload(TicketPayload):
    pass


@strawberry.type(description="The urge was counted (催办结果).")
class UrgeTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The ticket was taken back (撤回结果).")
class WithdrawTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The ticket was ended by the centre (分流结果).")
class TriageTicketPayload(TicketPayload):
    pass


@strawberry.type(description="Category and level were set (定类结果).")
class ClassifyTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The contest waits for a ruling (派单异议结果).")
class ContestDispatchPayload(TicketPayload):
    pass


@strawberry.type(description="The contest was ruled on (异议裁定结果).")
class RuleOnContestPayload(TicketPayload):
    pass


@strawberry.type(description="The unit leads now (派单结果).")
class DispatchTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The unit has it in hand (签收结果).")
class AcceptTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The contact is on record (联系结果).")
class RecordContactPayload(TicketPayload):
    pass


@strawberry.type(description="The reply is on record (答复结果).")
class ReplyToTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The callback is on record (回访结果).")
class RecordCallbackPayload(TicketPayload):
    pass


@strawberry.type(description="The evaluation is on record (自评结果).")
class EvaluateTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The ticket follows another (并单结果).")
class MergeTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The ticket goes its own way again (撤销并单结果).")
class UnmergeTicketPayload(TicketPayload):
    pass


@strawberry.type(description="Each matter has its unit; see `parts` (拆单结果).")
class SplitTicketPayload(TicketPayload):
    pass


@strawberry.type(description="The whole is replied to; a callback is scheduled (汇总答复结果).")
class ConcludeTicketPayload(TicketPayload):
    pass


@strawberry.type(
    description="You are off the ticket, which is null for you from now on (本人回避结果)."
)
class RecusePayload(TicketPayload):
    pass


@strawberry.type(description="They are off the ticket (决定回避结果).")
class RecuseStaffPayload(TicketPayload):
    pass


@strawberry.type(description="The progress is on record (进展结果).")
class ReportProgressPayload(TicketPayload):
    pass


@strawberry.type(description="The lead need not wait for it (免除结果).")
class ExcuseJointUnitPayload(TicketPayload):
    pass


@strawberry.type(description="The units were asked (协办请求结果).")
class AskCoHandlerPayload(TicketPayload):
    pass


@strawberry.type(description="The units were asked for their opinion (会商结果).")
class ConferPayload(TicketPayload):
    pass


@strawberry.type(description="The opinion is on record (会商意见结果).")
class GiveOpinionPayload(TicketPayload):
    pass


@strawberry.type(description="The help is on record (协办记录结果).")
class RecordAssistancePayload(TicketPayload):
    pass


@strawberry.type(description="The community has it (交办结果).")
class HandDownPayload(TicketPayload):
    pass


@strawberry.type(description="The street has it back (交回结果).")
class GiveBackPayload(TicketPayload):
    pass


@strawberry.type(description="A contact in clear; the disclosure is on record (联系方式).")
class RevealContactPayload:
    name: str | None = strawberry.field(description="Name, where known (姓名).")
    phone: str = strawberry.field(description="Phone (电话).")


SubmitTicketResult = result_of("SubmitTicket", SubmitTicketPayload)
AddSupplementResult = result_of("AddSupplement", AddSupplementPayload)
UrgeTicketResult = result_of("UrgeTicket", UrgeTicketPayload)
WithdrawTicketResult = result_of("WithdrawTicket", WithdrawTicketPayload)
TriageTicketResult = result_of("TriageTicket", TriageTicketPayload)
ClassifyTicketResult = result_of("ClassifyTicket", ClassifyTicketPayload)
ContestDispatchResult = result_of("ContestDispatch", ContestDispatchPayload)
RuleOnContestResult = result_of("RuleOnContest", RuleOnContestPayload)
DispatchTicketResult = result_of("DispatchTicket", DispatchTicketPayload)
AcceptTicketResult = result_of("AcceptTicket", AcceptTicketPayload)
RecordContactResult = result_of("RecordContact", RecordContactPayload)
ReplyToTicketResult = result_of("ReplyToTicket", ReplyToTicketPayload)
RecordCallbackResult = result_of("RecordCallback", RecordCallbackPayload)
EvaluateTicketResult = result_of("EvaluateTicket", EvaluateTicketPayload)
MergeTicketResult = result_of("MergeTicket", MergeTicketPayload)
UnmergeTicketResult = result_of("UnmergeTicket", UnmergeTicketPayload)
RecuseResult = result_of("Recuse", RecusePayload)
RecuseStaffResult = result_of("RecuseStaff", RecuseStaffPayload)
SplitTicketResult = result_of("SplitTicket", SplitTicketPayload)
ConcludeTicketResult = result_of("ConcludeTicket", ConcludeTicketPayload)
RevealContactResult = result_of("RevealContact", RevealContactPayload)
ReportProgressResult = result_of("ReportProgress", ReportProgressPayload)
ExcuseJointUnitResult = result_of("ExcuseJointUnit", ExcuseJointUnitPayload)
AskCoHandlerResult = result_of("AskCoHandler", AskCoHandlerPayload)
ConferResult = result_of("Confer", ConferPayload)
GiveOpinionResult = result_of("GiveOpinion", GiveOpinionPayload)
RecordAssistanceResult = result_of("RecordAssistance", RecordAssistancePayload)
HandDownResult = result_of("HandDown", HandDownPayload)
GiveBackResult = result_of("GiveBack", GiveBackPayload)
