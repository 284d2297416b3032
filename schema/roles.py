"""The roles of tokens and of staff, described for front-end developers."""

from __future__ import annotations

from enum import StrEnum

from domain.kernel.actor import Role
from schema.enums import described


class ViewerRole(StrEnum):
    """The roles of a token; the wire form is the upper case of the token's word."""

    CITIZEN = "CITIZEN"
    AGENT = "AGENT"
    HANDLER = "HANDLER"
    SUPERVISOR = "SUPERVISOR"
    EVALUATOR = "EVALUATOR"
    ADMIN = "ADMIN"
    PARTNER = "PARTNER"


described(
    ViewerRole,
    "ViewerRole",
    "The role that a token carries (角色).",
    {
        "CITIZEN": "Own tickets (市民).",
        "AGENT": "The centre (坐席).",
        "HANDLER": "Tickets of the own unit and below (承办人).",
        "SUPERVISOR": "Supervision (督办员).",
        "EVALUATOR": "Evaluation (考评员).",
        "ADMIN": "Units and staff (管理员).",
        "PARTNER": "What its channel submitted (合作渠道).",
    },
)


class StaffRole(StrEnum):
    """The roles of staff; the value is the token's word."""

    AGENT = Role.AGENT.value
    HANDLER = Role.HANDLER.value
    SUPERVISOR = Role.SUPERVISOR.value
    EVALUATOR = Role.EVALUATOR.value
    ADMIN = Role.ADMIN.value


described(
    StaffRole,
    "StaffRole",
    "A role of somebody who works for the centre or a unit (工作人员角色).",
    {
        "AGENT": "Takes calls, triages, calls back (坐席).",
        "HANDLER": "Handles a unit's tickets (承办人).",
        "SUPERVISOR": "Supervises (督办员).",
        "EVALUATOR": "Evaluates (考评员).",
        "ADMIN": "Keeps units and staff (管理员).",
    },
)
