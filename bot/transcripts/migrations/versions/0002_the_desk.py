"""The desk: holds and outcomes of hand-offs, their history, sessions, recovery codes, throttled logins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

LONG_AGO = "1970-01-01 00:00:00+00"
"""Only for the moment between adding a column that must not be empty and filling it."""


def upgrade() -> None:
    # Added one by one: rebuilding a table, as SQLite's batch mode does, would fall foul of its foreign keys.
    at = sa.DateTime(timezone=True)
    op.add_column("handoff", sa.Column("waiting_since", at, nullable=False, server_default=LONG_AGO))
    op.add_column("handoff", sa.Column("held_until", at, nullable=True))
    op.add_column("handoff", sa.Column("result", sa.String(32), nullable=True))
    op.execute("UPDATE handoff SET waiting_since = opened_at")
    op.create_index("ix_handoff_closed_at", "handoff", ["closed_at"], unique=False)
    op.add_column("staff_member", sa.Column("totp_step", sa.Integer(), nullable=True))
    op.add_column("staff_member", sa.Column("setup_digest", sa.String(64), nullable=True))
    op.add_column("staff_member", sa.Column("setup_until", at, nullable=True))
    op.create_index("uq_staff_member_setup_digest", "staff_member", ["setup_digest"], unique=True)
    op.create_table(
        "case_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("row", sa.Uuid(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"], name="fk_case_event_handoff_id_handoff"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name="fk_case_event_staff_id_staff_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_case_event"),
    )
    op.create_index("ix_case_event_handoff_id", "case_event", ["handoff_id"], unique=False)
    op.create_table(
        "mention",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["case_event.id"], name="fk_mention_event_id_case_event"),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"], name="fk_mention_handoff_id_handoff"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name="fk_mention_staff_id_staff_member"),
        sa.PrimaryKeyConstraint("id", name="pk_mention"),
    )
    op.create_index("ix_mention_handoff_id", "mention", ["handoff_id"], unique=False)
    op.create_index("ix_mention_staff_id_seen_at", "mention", ["staff_id", "seen_at"], unique=False)
    op.create_table(
        "staff_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name="fk_staff_session_staff_id_staff_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_staff_session"),
        sa.UniqueConstraint("token_digest", name="uq_staff_session_token_digest"),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name="fk_recovery_code_staff_id_staff_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
    )
    op.create_index("ix_recovery_code_staff_id", "recovery_code", ["staff_id"], unique=False)
    op.create_table(
        "login_throttle",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_login_throttle"),
    )
