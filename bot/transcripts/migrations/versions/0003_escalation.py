"""Escalation: steps of the roster, test pages, requests to be called back, the heartbeat's conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "conversation", sa.Column("synthetic", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("notification", sa.Column("addressed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "escalation",
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"], name="fk_escalation_handoff_id_handoff"),
        sa.PrimaryKeyConstraint("handoff_id", name="pk_escalation"),
    )
    op.create_table(
        "recipient_test",
        sa.Column("recipient", sa.String(length=64), nullable=False),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("recipient", name="pk_recipient_test"),
    )
    op.create_table(
        "call_back",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_digest", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(32), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_call_back_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoff.id"], name="fk_call_back_handoff_id_handoff"),
        sa.PrimaryKeyConstraint("id", name="pk_call_back"),
        sa.UniqueConstraint("handoff_id", "number_digest", name="uq_call_back_handoff_id_number_digest"),
    )
    op.create_index("ix_call_back_conversation_id", "call_back", ["conversation_id"], unique=False)
    op.create_index("ix_call_back_handoff_id", "call_back", ["handoff_id"], unique=False)
