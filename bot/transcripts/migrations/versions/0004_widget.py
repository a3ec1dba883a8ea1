"""The widget: feedback with its conversation and channel, the page of a turn, when a chat was cleared."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004_widget"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("conversation", sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("turn", sa.Column("page", sa.LargeBinary(), nullable=True))
    # No version before this one wrote to it.
    op.drop_table("feedback")
    op.create_table(
        "feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.LargeBinary(), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_feedback_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name="fk_feedback_turn_id_turn"),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("turn_id", name="uq_feedback_turn_id"),
    )
    op.create_index("ix_feedback_conversation_id", "feedback", ["conversation_id"], unique=False)
    op.create_index(
        "ix_feedback_answered_at_created_at", "feedback", ["answered_at", "created_at"], unique=False
    )
