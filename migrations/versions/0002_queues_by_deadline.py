"""Queues by deadline

The centre's queue is ordered by the deadline, tickets without one last. Without an index on exactly
that expression PostgreSQL sorts every ticket of the city for each page.

Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

_INDEX = "ix_ticket_due_id"
_DUE = "COALESCE(deadline, '9999-12-31 00:00:00+00'::timestamp with time zone)"


def upgrade() -> None:
    # Concurrently, outside a transaction: submissions go on while the index of a large table is
    # made. One that an interruption left half made is dropped first.
    with op.get_context().autocommit_block():
        op.execute("set lock_timeout = '5s'")
        op.execute("set statement_timeout = '30min'")
        op.drop_index(_INDEX, table_name="ticket", postgresql_concurrently=True, if_exists=True)
        op.create_index(_INDEX, "ticket", [sa.text(_DUE), "id"], postgresql_concurrently=True)
        op.execute("reset lock_timeout")
        op.execute("reset statement_timeout")


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    op.drop_index(_INDEX, table_name="ticket")
