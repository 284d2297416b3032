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
DECIDERS: Rule = frozenset({Role.HANDLER, Role.SUPERVISOR})
LINE_DESK: Rule = frozenset({Role.SUPERVISOR, Role.ADMIN})
CALLERS: Rule = frozenset({Role.AGENT, Role.SUPERVISOR, Role.HANDLER})


def _all(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_CONNECTION = _all(ANYONE, "edges nodes pageInfo totalCount")
_EDGE = _all(ANYONE, "cursor node")
_PROBLEM = _all(ANYONE, "code message")
_TICKET_PAYLOAD = _all(LOGGED_IN, "ticket")
_SUPERVISION_PAYLOAD = _all(STAFF_ONLY, "ticket supervision")
_CATALOGUE_PAYLOAD = _all(ADMINS, "catalogue")
_ON_WHISTLE = {**_TICKET_PAYLOAD, **_all(STAFF_ONLY, "whistle")}
_ON_REPORT_IN = {**_ON_WHISTLE, **_all(STAFF_ONLY, "reportIn")}

ACCESS: Mapping[str, Mapping[str, Rule]] = {
    "Query": {
        **_all(ANYONE, "node nodes viewer unit units categories triageGrounds"),
        **_all(ANYONE, "ticket tickets"),
        **_all(STAFF_ONLY, "callbacks scores scoringMonth whistles reportInFigures emergencyLines"),
        **_all(AGENTS, "mergeSuggestions"),
        **_all(ANYONE, "contestGrounds"),
        **_all(STAFF_ONLY, "contests bounces supervisions"),
        **_all(CENTRE_ONLY, "supervisionFigures"),
        **_all(STAFF_ONLY, "extensions suspensions calendar"),
        **_all(ADMINS, "calendarWarnings"),
        **_all(AGENTS, "suggestCategory"),
        **_all(STAFF_ONLY, "catalogue catalogueVersion catalogueVersions catalogueReplay"),
        **_all(CENTRE_ONLY, "catalogueProposals"),
    },
    "Mutation": {
        **_all(ANYONE, "requestLoginCode logIn"),
        **_all(SUBMITTERS, "submitTicket"),
        **_all(SUBMITTERS, "addSupplement"),
        **_all(SUBMITTER_SIDE, "urgeTicket withdrawTicket evaluateTicket"),
        **_all(
            AGENTS,
            "triageTicket classifyTicket dispatchTicket recordCallback mergeTicket unmergeTicket "
            "splitTicket concludeTicket confer",
        ),
        **_all(CALLERS, "recuse"),
        **_all(SUPERVISORS, "recuseStaff"),
        **_all(HANDLERS, "contestDispatch submitSupervisionReport"),
        **_all(SUPERVISORS, "ruleOnContest openSupervision closeSupervision"),
        **_all(HANDLERS, "acceptTicket recordContact replyToTicket requestExtension"),
        **_all(DECIDERS, "decideExtension suspendTicket resumeTicket"),
        **_all(ADMINS, "declareHolidays"),
        **_all(HANDLERS, "reportProgress recordAssistance handDown giveBack giveOpinion"),
        **_all(HANDLERS, "whistle reportIn confirmReportIn rateWhistle closeWhistle"),
        **_all(SUPERVISORS, "excuseJointUnit"),
        **_all(CALLERS, "askCoHandler"),
        **_all(ADMINS, "createUnit updateUnit moveUnit retireUnit createStaff updateStaff"),
        **_all(
            ADMINS,
            "draftCatalogue putCatalogueEntry removeCatalogueEntry moveCatalogueEntry "
            "publishCatalogue rollBackCatalogue discardDraft replayCatalogue decideProposal",
        ),
        **_all(CALLERS, "revealContact"),
        **_all(LINE_DESK, "openEmergencyLine extendEmergencyLine closeEmergencyLine"),
    },
    "Subscription": _all(LOGGED_IN, "ticketChanged inbox"),
    "Ticket": {
        **_all(
            LOGGED_IN,
            "id code kind status level levelReason title content channel address confidential "
            "category submittedAt dispatchedAt acceptedAt contactedAt repliedAt closedAt deadline "
            "isOverdue round urgeCount version answer triageGround citizen lead assignments "
            "replies callbacks clock availableActions history primary followers following "
            "accusedUnit parts partOf",
        ),
        **_all(LOGGED_IN, "extensions suspensions"),
        **_all(LOGGED_IN, "categorySource"),
        **_all(STAFF_ONLY, "routeReason routeExplanation escalatedTo categorySuggestions"),
        **_all(STAFF_ONLY, "contests transfers escalations supervisions"),
        **_all(STAFF_ONLY, "catalogueNumber catalogueRank whistles line"),
    },
    "Following": _all(LOGGED_IN, "status round lead deadline acceptedAt repliedAt"),
    "MergeSuggestion": _all(AGENTS, "ticket score sameCitizen sameCategory near alike why"),
    "EmergencyLine": _all(
        STAFF_ONLY,
        "id code name categories areas keywords level reason openedBy openedAt closesAt closedAt "
        "closedBy closingRemark taken version",
    ),
    "EmergencyLineConnection": _CONNECTION,
    "EmergencyLineEdge": _EDGE,
    "OpenEmergencyLinePayload": _all(LINE_DESK, "line"),
    "ExtendEmergencyLinePayload": _all(LINE_DESK, "line"),
    "CloseEmergencyLinePayload": _all(LINE_DESK, "line"),
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
        # What the offices ask of each other and tell each other is not the citizen's reply.
        **_all(
            STAFF_ONLY,
            "contactedAt repliedAt reply resolved progress progressAt excusedAt excuse request "
            "deadline warnedAt overdueAt segments explanation locked stance",
        ),
    },
    "TaskSegment": _all(STAFF_ONLY, "clock kind cause at level limit deadline"),
    "Whistle": _all(
        STAFF_ONLY,
        "id ticket caller round purpose place at whistledAt closedAt closeReason open reports",
    ),
    "WhistleConnection": _CONNECTION,
    "WhistleEdge": _EDGE,
    "ReportIn": _all(
        STAFF_ONLY,
        "id whistle unit calledAt dueAt reportedAt arrivedAt what late escalatedTo confirmed "
        "confirmedAt rating remark callerRating callerRemark",
    ),
    "ReportInFigures": _all(STAFF_ONLY, "unit called onTime late denied meanRating"),
    "Clock": _all(LOGGED_IN, "deadline segments explanation clocks"),
    "SingleClock": _all(LOGGED_IN, "clock state deadline warningAt explanation"),
    "Extension": _all(
        LOGGED_IN,
        "id status round limit reason requestedAt decision decidedAt unit ticket",
    ),
    "ExtensionConnection": _CONNECTION,
    "ExtensionEdge": _EDGE,
    "Suspension": _all(
        LOGGED_IN,
        "id round measures reason reviewOn suspendedAt reviewedAt endedAt unit ticket",
    ),
    "SuspensionConnection": _CONNECTION,
    "SuspensionEdge": _EDGE,
    "WorkingCalendar": _all(STAFF_ONLY, "year published days"),
    "CalendarDay": _all(STAFF_ONLY, "date isWorkday name declared"),
    "CalendarWarning": _all(ADMINS, "year message"),
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
    "CategorySuggestion": _all(STAFF_ONLY, "rank category probability model modelVersion"),
    "SuggestedCategory": _all(AGENTS, "category probability model modelVersion wouldBeSet"),
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
    "CatalogueVersion": _all(
        STAFF_ONLY,
        "id number status inForce basedOn reason createdAt createdBy publishedAt publishedBy "
        "effectiveAt version entries steps replays",
    ),
    "CatalogueVersionConnection": _CONNECTION,
    "CatalogueVersionEdge": _EDGE,
    "CatalogueEntry": _all(
        STAFF_ONLY,
        "id rank name categoryCode category areaCode area kinds fromTime toTime line keywords "
        "lead leadUnit joint copies level isFallback",
    ),
    "CatalogueStep": _all(STAFF_ONLY, "kind reason actor at"),
    "CatalogueReplay": _all(
        STAFF_ONLY,
        "id status from to total done changed jointChanged draft base moves requestedBy "
        "requestedAt finishedAt",
    ),
    "CatalogueMove": _all(STAFF_ONLY, "fromUnit toUnit category tickets samples"),
    "CatalogueProposal": _all(
        CENTRE_ONLY,
        "id category area fromUnit toUnit ground count status firstAt lastAt decidedAt decidedBy "
        "decisionReason draft cases",
    ),
    "CatalogueProposalConnection": _CONNECTION,
    "CatalogueProposalEdge": _EDGE,
    "ProposalCase": _all(CENTRE_ONLY, "ticket ground at"),
    "CatalogueWarning": _all(ADMINS, "rank shadowedBy message"),
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
    "MergeTicketPayload": _TICKET_PAYLOAD,
    "UnmergeTicketPayload": _TICKET_PAYLOAD,
    "RecusePayload": _TICKET_PAYLOAD,
    "RecuseStaffPayload": _TICKET_PAYLOAD,
    "SplitTicketPayload": _TICKET_PAYLOAD,
    "ConcludeTicketPayload": _TICKET_PAYLOAD,
    "RequestExtensionPayload": _TICKET_PAYLOAD,
    "DecideExtensionPayload": _TICKET_PAYLOAD,
    "SuspendTicketPayload": _TICKET_PAYLOAD,
    "ResumeTicketPayload": _TICKET_PAYLOAD,
    "DeclareHolidaysPayload": _all(ADMINS, "revision days"),
    "ReportProgressPayload": _TICKET_PAYLOAD,
    "ExcuseJointUnitPayload": _TICKET_PAYLOAD,
    "AskCoHandlerPayload": _TICKET_PAYLOAD,
    "RecordAssistancePayload": _TICKET_PAYLOAD,
    "ConferPayload": _TICKET_PAYLOAD,
    "GiveOpinionPayload": _TICKET_PAYLOAD,
    "HandDownPayload": _TICKET_PAYLOAD,
    "GiveBackPayload": _TICKET_PAYLOAD,
    "WhistlePayload": _ON_WHISTLE,
    "ReportInPayload": _ON_REPORT_IN,
    "ConfirmReportInPayload": _ON_REPORT_IN,
    "RateWhistlePayload": _ON_REPORT_IN,
    "CloseWhistlePayload": _ON_WHISTLE,
    "RevealContactPayload": _all(CALLERS, "name phone"),
    "RequestLoginCodePayload": _all(ANYONE, "expiresIn"),
    "LogInPayload": _all(ANYONE, "token expiresAt"),
    "CreateUnitPayload": _all(ADMINS, "unit"),
    "UpdateUnitPayload": _all(ADMINS, "unit"),
    "MoveUnitPayload": _all(ADMINS, "unit"),
    "RetireUnitPayload": _all(ADMINS, "unit"),
    "CreateStaffPayload": _all(ADMINS, "staff"),
    "UpdateStaffPayload": _all(ADMINS, "staff"),
    "DraftCataloguePayload": _CATALOGUE_PAYLOAD,
    "PutCatalogueEntryPayload": _CATALOGUE_PAYLOAD,
    "RemoveCatalogueEntryPayload": _CATALOGUE_PAYLOAD,
    "MoveCatalogueEntryPayload": _CATALOGUE_PAYLOAD,
    "PublishCataloguePayload": {**_CATALOGUE_PAYLOAD, **_all(ADMINS, "warnings")},
    "RollBackCataloguePayload": _CATALOGUE_PAYLOAD,
    "DiscardDraftPayload": _CATALOGUE_PAYLOAD,
    "ReplayCataloguePayload": _all(ADMINS, "replay"),
    "DecideProposalPayload": _all(ADMINS, "proposal"),
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
