"""What the mutations on tickets give back: the ticket, read after the commit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from schema.problems import result_of
from schema.reading.declare import Row, reading
from schema.tickets.types import Ticket


@strawberry.type
class _TicketPayload:
    ticket_id: strawberry.Private[UUID]

    @reading(
        Row(
            lambda: Ticket,
            where=lambda ticket, a: [ticket.c.id == a.parent("ticket_id", PG_UUID(as_uuid=True))],
        ),
        description="The ticket as it is now; null where you may no longer see it (工单).",
    )
    def ticket(self) -> Ticket | None: ...


def _payload(name: str, description: str) -> Any:
    made = type(f"{name}Payload", (_TicketPayload,), {"__module__": __name__})
    return strawberry.type(made, name=f"{name}Payload", description=description)


SubmitTicketPayload = _payload("SubmitTicket", "The ticket was taken in (登记结果).")
AddSupplementPayload = _payload("AddSupplement", "The words were added (补充结果).")
UrgeTicketPayload = _payload("UrgeTicket", "The urge was counted (催办结果).")
WithdrawTicketPayload = _payload("WithdrawTicket", "The ticket was taken back (撤回结果).")
TriageTicketPayload = _payload("TriageTicket", "The ticket was ended by the centre (分流结果).")
ClassifyTicketPayload = _payload("ClassifyTicket", "Category and level were set (定类结果).")
DispatchTicketPayload = _payload("DispatchTicket", "The unit leads now (派单结果).")
AcceptTicketPayload = _payload("AcceptTicket", "The unit has it in hand (签收结果).")
RecordContactPayload = _payload("RecordContact", "The contact is on record (联系结果).")
ReplyToTicketPayload = _payload("ReplyToTicket", "The reply is on record (答复结果).")
RecordCallbackPayload = _payload("RecordCallback", "The callback is on record (回访结果).")
EvaluateTicketPayload = _payload("EvaluateTicket", "The evaluation is on record (自评结果).")


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
DispatchTicketResult = result_of("DispatchTicket", DispatchTicketPayload)
AcceptTicketResult = result_of("AcceptTicket", AcceptTicketPayload)
RecordContactResult = result_of("RecordContact", RecordContactPayload)
ReplyToTicketResult = result_of("ReplyToTicket", ReplyToTicketPayload)
RecordCallbackResult = result_of("RecordCallback", RecordCallbackPayload)
EvaluateTicketResult = result_of("EvaluateTicket", EvaluateTicketPayload)
RevealContactResult = result_of("RevealContact", RevealContactPayload)
