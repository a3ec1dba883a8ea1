"""SMS: texts on their way, what became of them, and the network's ledger of who gets none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("conversation", sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("turn", sa.Column("delivery_code", sa.String(length=32), nullable=True))
    op.add_column("turn", sa.Column("attachments", sa.JSON(), nullable=True))
    op.create_table(
        "text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=192), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("crisis", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=True),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Uuid(), nullable=True),
        sa.Column("paged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("override", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_text_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(["override"], ["staff_member.id"], name="fk_text_override_staff_member"),
        sa.PrimaryKeyConstraint("id", name="pk_text"),
        sa.UniqueConstraint("key", name="uq_text_key"),
    )
    for columns in (
        ["conversation_id"],
        ["turn_id"],
        ["after"],
        ["external_id"],
        ["state", "due_at"],
    ):
        op.create_index(f"ix_text_{'_'.join(columns)}", "text", columns, unique=False)
