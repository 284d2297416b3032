"""The access map: for every field of the schema exactly one rule, and what is not here is shut.

A rule says which roles may ever see a field or call a mutation. Which rows they see is another
question, answered by each type's predicate. A test finds a field without a rule, and a rule
without a field.
"""

from __future__ import annotations

from collections.abc import Mapping

from domain.kernel.actor import CENTRE, STAFF, Role

Rule = frozenset[Role]

ANYONE: Rule = frozenset(Role) - {Role.SYSTEM}
LOGGED_IN: Rule = ANYONE - {Role.PUBLIC}
STAFF_ONLY: Rule = frozenset(STAFF)
CENTRE_ONLY: Rule = frozenset(CENTRE)
SUBMITTERS: Rule = frozenset({Role.CITIZEN, Role.PARTNER, Role.AGENT, Role.SUPERVISOR})
SUBMITTER_SIDE: Rule = frozenset({Role.CITIZEN, Role.PARTNER})
AGENTS: Rule = frozenset({Role.AGENT, Role.SUPERVISOR})
HANDLERS: Rule = frozenset({Role.HANDLER})
SUPERVISORS: Rule = frozenset({Role.SUPERVISOR})
ADMINS: Rule = frozenset({Role.ADMIN})
CALLERS: Rule = frozenset({Role.AGENT, Role.SUPERVISOR, Role.HANDLER})


def _all(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_CONNECTION = _all(ANYONE, "edges nodes pageInfo totalCount")
_EDGE = _all(ANYONE, "cursor node")
_PROBLEM = _all(ANYONE, "code message")
_TICKET_PAYLOAD = _all(LOGGED_IN, "ticket")
_SUPERVISION_PAYLOAD = _all(STAFF_ONLY, "ticket supervision")

ACCESS: Mapping[str, Mapping[str, Rule]] = {
    "Query": {
        **_all(ANYONE, "node nodes viewer unit units categories triageGrounds"),
        **_all(ANYONE, "ticket tickets"),
        **_all(STAFF_ONLY, "callbacks scores scoringMonth"),
        **_all(ANYONE, "contestGrounds"),
        **_all(STAFF_ONLY, "contests bounces supervisions"),
        **_all(CENTRE_ONLY, "supervisionFigures"),
    },
    "Mutation": {
        **_all(ANYONE, "requestLoginCode logIn"),
        **_all(SUBMITTERS, "submitTicket"),
        **_all(SUBMITTERS, "addSupplement"),
        **_all(SUBMITTER_SIDE, "urgeTicket withdrawTicket evaluateTicket"),
        **_all(AGENTS, "triageTicket classifyTicket dispatchTicket recordCallback"),
        **_all(HANDLERS, "contestDispatch submitSupervisionReport"),
        **_all(SUPERVISORS, "ruleOnContest openSupervision closeSupervision"),
        **_all(HANDLERS, "acceptTicket recordContact replyToTicket"),
        **_all(ADMINS, "createUnit updateUnit moveUnit retireUnit createStaff updateStaff"),
        **_all(CALLERS, "revealContact"),
    },
    "Subscription": _all(LOGGED_IN, "ticketChanged inbox"),
    "Ticket": {
        **_all(
            LOGGED_IN,
            "id code kind status level levelReason title content channel address confidential "
            "category submittedAt dispatchedAt acceptedAt contactedAt repliedAt closedAt deadline "
            "isOverdue round urgeCount version answer triageGround citizen lead assignments "
            "replies callbacks clock availableActions history",
        ),
        **_all(STAFF_ONLY, "routeReason routeExplanation escalatedTo"),
        **_all(STAFF_ONLY, "contests transfers escalations supervisions"),
    },
    "TicketConnection": _CONNECTION,
    "TicketEdge": _EDGE,
    "TicketEvent": {
        **_all(LOGGED_IN, "id kind status round at unit remark ticket"),
        **_all(STAFF_ONLY, "actor"),
    },
    "TicketEventConnection": _CONNECTION,
    "TicketEventEdge": _EDGE,
    "Assignment": {
        **_all(LOGGED_IN, "unit role round reason assignedAt acceptedAt endedAt"),
        **_all(STAFF_ONLY, "locked"),
    },
    "Clock": _all(LOGGED_IN, "deadline segments explanation"),
    "ClockSegment": _all(LOGGED_IN, "clock kind cause round at level limit deadline"),
    "Reply": _all(LOGGED_IN, "round unit content resolved repliedAt"),
    "Callback": _all(
        LOGGED_IN,
        "id round attempt status source dueAt answeredAt contacted resolved satisfaction remark "
        "unit ticket",
    ),
    "CallbackConnection": _CONNECTION,
    "CallbackEdge": _EDGE,
    "Contest": _all(
        STAFF_ONLY,
        "id ticket unit round status ground reason evidence suggested raisedBy raisedAt ruling "
        "rulingDueAt rulingReason ruledBy ruledAt to",
    ),
    "ContestConnection": _CONNECTION,
    "ContestEdge": _EDGE,
    "ContestGround": _all(ANYONE, "code label english source"),
    "Transfer": _all(STAFF_ONLY, "from to cause round at"),
    "Bounce": _all(STAFF_ONLY, "from to category count contested upheld rejected byHand"),
    "SupervisionOrder": _all(
        STAFF_ONLY,
        "id grade trigger status topic reason unit ticket tickets openedBy openedAt deadline "
        "isOverdue report reportedAt ruling rulingReason closedAt version steps",
    ),
    "SupervisionOrderConnection": _CONNECTION,
    "SupervisionOrderEdge": _EDGE,
    "SupervisionStep": _all(STAFF_ONLY, "kind grade deadline text actor at"),
    "SupervisionFigure": _all(
        CENTRE_ONLY,
        "unit open routine key taskForce discipline overdue closed meanDays",
    ),
    "Escalation": _all(STAFF_ONLY, "level unit clock round at deadline endedAt"),
    "Citizen": _all(LOGGED_IN, "maskedName maskedPhone"),
    "Category": _all(ANYONE, "code name parent children"),
    "TriageGround": _all(ANYONE, "code label english source outcome handOver"),
    "Unit": _all(
        ANYONE,
        "id code name level parent children population active dutyPhone aliases version tickets",
    ),
    "UnitConnection": _CONNECTION,
    "UnitEdge": _EDGE,
    "UnitScore": _all(
        STAFF_ONLY,
        "unit rank valid contacted resolved responseRate resolutionRate satisfactionRate "
        "composite bonus",
    ),
    "Viewer": _all(LOGGED_IN, "role subject unit citizen permissions"),
    "Staff": _all(ADMINS, "id subject name role unit active version"),
    "PageInfo": _all(ANYONE, "hasNextPage hasPreviousPage startCursor endCursor"),
    "SubmitTicketPayload": _TICKET_PAYLOAD,
    "AddSupplementPayload": _TICKET_PAYLOAD,
    "UrgeTicketPayload": _TICKET_PAYLOAD,
    "WithdrawTicketPayload": _TICKET_PAYLOAD,
    "TriageTicketPayload": _TICKET_PAYLOAD,
    "ClassifyTicketPayload": _TICKET_PAYLOAD,
    "DispatchTicketPayload": _TICKET_PAYLOAD,
    "AcceptTicketPayload": _TICKET_PAYLOAD,
    "ContestDispatchPayload": _TICKET_PAYLOAD,
    "RuleOnContestPayload": _TICKET_PAYLOAD,
    "OpenSupervisionPayload": _SUPERVISION_PAYLOAD,
    "SubmitSupervisionReportPayload": _SUPERVISION_PAYLOAD,
    "CloseSupervisionPayload": _SUPERVISION_PAYLOAD,
    "RecordContactPayload": _TICKET_PAYLOAD,
    "ReplyToTicketPayload": _TICKET_PAYLOAD,
    "RecordCallbackPayload": _TICKET_PAYLOAD,
    "EvaluateTicketPayload": _TICKET_PAYLOAD,
    "RevealContactPayload": _all(CALLERS, "name phone"),
    "RequestLoginCodePayload": _all(ANYONE, "expiresIn"),
    "LogInPayload": _all(ANYONE, "token expiresAt"),
    "CreateUnitPayload": _all(ADMINS, "unit"),
    "UpdateUnitPayload": _all(ADMINS, "unit"),
    "MoveUnitPayload": _all(ADMINS, "unit"),
    "RetireUnitPayload": _all(ADMINS, "unit"),
    "CreateStaffPayload": _all(ADMINS, "staff"),
    "UpdateStaffPayload": _all(ADMINS, "staff"),
    "InvalidInput": {**_PROBLEM, **_all(ANYONE, "fields")},
    "FieldProblem": _all(ANYONE, "path message"),
    "Unauthenticated": _PROBLEM,
    "NotAllowed": _PROBLEM,
    "NotFound": _PROBLEM,
    "NotPossibleNow": _PROBLEM,
    "Conflict": _PROBLEM,
    "KeyReused": _PROBLEM,
    "RateLimited": {**_PROBLEM, **_all(ANYONE, "retryAfter")},
    "UnitHasOpenTickets": {**_PROBLEM, **_all(ADMINS, "codes")},
}


def allowed(role: Role, type_name: str, field_name: str) -> bool:
    """Whether the role may see that field; False where there is no rule."""
    return role in ACCESS.get(type_name, {}).get(field_name, frozenset())


def permissions(role: Role) -> list[str]:
    """The mutations that are open to the role."""
    return sorted(name for name, rule in ACCESS["Mutation"].items() if role in rule)
