"""${message}

Revises: ${down_revision | comma,n}

Expand, backfill, enforce: add what is new so that the old code still runs, fill it in a migration
of its own, and only then make it `not null` or drop what is old. A migration that waits for a lock
makes everybody behind it wait; so it gives up and is run again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | None = ${repr(branch_labels)}
depends_on: str | None = ${repr(depends_on)}


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.execute("set local statement_timeout = '60s'")
    ${downgrades if downgrades else "pass"}
