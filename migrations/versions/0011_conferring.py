"""Conferring

Units can be asked for their opinion before a ticket is given to anybody: a part of its own kind, with
what the unit said.

Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None

_ROLE = "ck_assignment_role_known"
_BEFORE = "role in ('LEAD', 'JOINT', 'CO_HANDLER', 'COPY', 'HANDED_DOWN', 'CALLED')"
_AFTER = "role in ('LEAD', 'JOINT', 'CO_HANDLER', 'COPY', 'HANDED_DOWN', 'CALLED', 'CONFEREE')"


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.add_column("assignment", sa.Column("stance", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_assignment_stance_known"),
        "assignment",
        "stance in ('RESPONSIBLE', 'SHARED', 'NOT_RESPONSIBLE')",
    )
    op.create_check_constraint(
        op.f("ck_assignment_opinion_whole"),
        "assignment",
        "stance is null or replied_at is not null",
    )
    op.drop_constraint(op.f(_ROLE), "assignment", type_="check")
    op.create_check_constraint(op.f(_ROLE), "assignment", _AFTER)


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.execute("delete from timer where kind = 'conference.OPINIONS'")
    op.drop_constraint(op.f(_ROLE), "assignment", type_="check")
    # What the release before does not know cannot stay: it would refuse to read it.
    op.execute("delete from assignment where role = 'CONFEREE'")
    op.create_check_constraint(op.f(_ROLE), "assignment", _BEFORE)
    op.drop_column("assignment", "stance")
