"""Deadlines follow

A joint task's clock can stand, and then has no deadline. What offices set one another follows the
holidays that are declared later: an order says so among its steps, an escalation's deadline moves.
And what a higher unit lets lie is supervised: its timers are armed for what is before it now.

Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None

_KIND, _KINDS = "ck_supervision_step_kind_known", ["OPENED", "REPORTED", "RETURNED", "OVERDUE"]
_TRIGGER = "ck_supervision_order_trigger_known"
_TRIGGERS = ["HAND", "OVERDUE", "REWORKS", "TRANSFERS", "URGES", "REPEATED", "CONCENTRATED"]


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.alter_column("task_segment", "deadline", nullable=True)
    _known(_KIND, "supervision_step", "kind", [*_KINDS, "RESCHEDULED", "CLOSED"])
    _known(_TRIGGER, "supervision_order", "trigger", [*_TRIGGERS, "ESCALATION"])
    op.execute("drop trigger escalation_is_append_only on escalation")
    op.execute(
        "create trigger escalation_is_append_only before delete or update of "
        "id, ticket_id, unit_id, level, clock, round, at on escalation "
        "for each row execute function refuse_change()"
    )
    op.execute(
        "insert into timer (id, kind, subject_id, due_at, payload, armed_at) "
        "select uuidv7(), 'escalation.' || clock, ticket_id, deadline, "
        "jsonb_build_object('escalation', id::text, 'round', round), now() "
        "from escalation where deadline > now()"
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.execute("delete from timer where kind like 'escalation.%'")
    op.execute("drop trigger escalation_is_append_only on escalation")
    op.execute(
        "create trigger escalation_is_append_only before update or delete on escalation "
        "for each row execute function refuse_change()"
    )
    # What the release before does not know cannot stay: it would refuse to read it.
    op.execute("alter table supervision_step disable trigger user")
    op.execute("alter table supervised_ticket disable trigger user")
    op.execute(
        "delete from supervision_step s using supervision_order o "
        "where o.id = s.order_id and o.trigger = 'ESCALATION'"
    )
    op.execute(
        "delete from supervised_ticket s using supervision_order o "
        "where o.id = s.order_id and o.trigger = 'ESCALATION'"
    )
    op.execute("delete from supervision_order where trigger = 'ESCALATION'")
    op.execute("delete from supervision_step where kind = 'RESCHEDULED'")
    op.execute("alter table supervised_ticket enable trigger user")
    op.execute("alter table supervision_step enable trigger user")
    _known(_TRIGGER, "supervision_order", "trigger", _TRIGGERS)
    _known(_KIND, "supervision_step", "kind", [*_KINDS, "CLOSED"])
    op.execute("alter table task_segment disable trigger user")
    op.execute("update task_segment set deadline = at where deadline is null")
    op.execute("alter table task_segment enable trigger user")
    op.alter_column("task_segment", "deadline", nullable=False)


def _known(name: str, table: str, column: str, words: list[str]) -> None:
    listed = ", ".join(f"'{word}'" for word in words)
    op.drop_constraint(op.f(name), table, type_="check")
    op.create_check_constraint(op.f(name), table, sa.text(f"{column} in ({listed})"))
