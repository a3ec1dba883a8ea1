"""Messages that somebody has put out of the inbox of what was not understood."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("turn", sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True))
