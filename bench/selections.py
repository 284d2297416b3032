"""What is asked for: the same rows and fields of everybody, each in the words of its schema."""

from __future__ import annotations

from dataclasses import dataclass

_OURS = """
fragment Shown on Ticket {
  id code title status level submittedAt
  lead { id code name parent { id code name } }
  history(first: 4) { nodes { kind status at remark } }
}
"""
_PEERS = """
fragment Shown on Ticket {
  id code title status level submittedAt
  lead: unitByLeadUnitId { id code name parent: unitByParentId { id code name } }
  history: ticketEventsByTicketId(first: 4, orderBy: [ROW_ID_ASC]) {
    nodes { kind status at remark }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """One query: `ours` also goes to the plain resolvers, `peers` to PostGraphile."""

    name: str
    ours: str
    peers: str


LIST = Selection(
    "list",
    _OURS + "query Page($first: Int!) { tickets(first: $first) { nodes { ...Shown } } }",
    _PEERS + "query Page($first: Int!) {"
    " tickets: allTickets(first: $first, orderBy: [ROW_ID_DESC]) { nodes { ...Shown } } }",
)
SINGLE = Selection(
    "single",
    _OURS + "query One($code: String!) { ticket(code: $code) { ...Shown } }",
    _PEERS + "query One($code: String!) { ticket: ticketByCode(code: $code) { ...Shown } }",
)
# What a street sees of itself: we find it by visibility, the peer is told the unit.
OWN = Selection(
    "own_list",
    LIST.ours,
    _PEERS + "query Page($first: Int!, $unit: UUID!) { tickets: allTickets("
    "first: $first, orderBy: [ROW_ID_DESC], condition: {leadUnitId: $unit}"
    ") { nodes { ...Shown } } }",
)
