"""Reading and reviewing: lists of conversations, verdicts and what waits for them, saved views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

LONG_AGO = "1970-01-01 00:00:00+00"
"""Only for the moment between adding a column that must not be empty and filling it."""


def upgrade() -> None:
    _conversations()
    _turns()
    _reviews()
    at = sa.DateTime(timezone=True)
    op.create_table(
        "hazard_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", at, nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column("was", sa.SmallInteger(), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=True),
        sa.Column("version", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name="fk_hazard_entry_staff_id_staff_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_hazard_entry"),
        sa.UniqueConstraint("turn_id", name="uq_hazard_entry_turn_id"),
    )
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", at, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_member.id"], name="fk_saved_view_staff_id_staff_member"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
    )
    op.create_index("ix_saved_view_staff_id", "saved_view", ["staff_id"], unique=False)
    op.add_column("conversation", sa.Column("held_as", sa.String(80), nullable=True))
    op.create_table(
        "waiting_answer",
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", at, nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name="fk_waiting_answer_turn_id_turn"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_waiting_answer_conversation_id_conversation"
        ),
        sa.PrimaryKeyConstraint("turn_id", name="pk_waiting_answer"),
    )
    op.create_index("ix_waiting_answer_conversation_id", "waiting_answer", ["conversation_id"], unique=False)
    op.create_index("ix_waiting_answer_due_at", "waiting_answer", ["due_at"], unique=False)
    op.create_table(
        "viewer",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", at, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_viewer_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name="fk_viewer_staff_id_staff_member"),
        sa.PrimaryKeyConstraint("conversation_id", "staff_id", name="pk_viewer"),
    )
    op.create_table(
        "watermark",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("at", at, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_watermark"),
    )


def _conversations() -> None:
    at = sa.DateTime(timezone=True)
    op.add_column("conversation", sa.Column("last_at", at, nullable=False, server_default=LONG_AGO))
    op.add_column("conversation", sa.Column("highest", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("conversation", sa.Column("highest_kind", sa.String(32), nullable=True))
    for name in ("declined", "asked_back", "liked", "disliked", "has_case", "reviewed"):
        op.add_column(
            "conversation", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())
        )
    op.execute(
        "UPDATE conversation SET last_at = coalesce("
        "(SELECT max(created_at) FROM turn WHERE turn.conversation_id = conversation.id), created_at), "
        "highest = coalesce("
        "(SELECT max(level) FROM turn WHERE turn.conversation_id = conversation.id), 0)"
    )
    for name, kind in (("declined", "decline"), ("asked_back", "ask_back")):
        op.execute(
            f"UPDATE conversation SET {name} = TRUE WHERE EXISTS (SELECT 1 FROM turn "
            f"WHERE turn.conversation_id = conversation.id AND turn.reply_kind = '{kind}')"
        )
    for name, helpful in (("liked", "TRUE"), ("disliked", "FALSE")):
        op.execute(
            f"UPDATE conversation SET {name} = TRUE WHERE EXISTS (SELECT 1 FROM turn "
            "JOIN feedback ON feedback.turn_id = turn.id "
            f"WHERE turn.conversation_id = conversation.id AND feedback.helpful = {helpful})"
        )
    op.execute(
        "UPDATE conversation SET has_case = TRUE WHERE EXISTS "
        "(SELECT 1 FROM handoff WHERE handoff.conversation_id = conversation.id)"
    )
    _fill_kinds()
    op.create_index("ix_conversation_last_at_id", "conversation", ["last_at", "id"], unique=False)
    few = {"at_risk": "highest >= 1", "disliked": "disliked", "has_case": "has_case", "reviewed": "reviewed"}
    for name, which in few.items():
        op.create_index(
            f"ix_conversation_{name}",
            "conversation",
            ["last_at", "id"],
            unique=False,
            sqlite_where=sa.text(which),
            postgresql_where=sa.text(which),
        )


def _fill_kinds() -> None:
    """The kind of the highest danger stands in the JSON of a turn's risk."""
    postgresql = op.get_bind().dialect.name == "postgresql"
    kind = "risk ->> 'kind'" if postgresql else "json_extract(risk, '$.kind')"
    op.execute(
        f"UPDATE conversation SET highest_kind = (SELECT {kind} FROM turn "
        "WHERE turn.conversation_id = conversation.id AND turn.level = conversation.highest "
        "ORDER BY seq LIMIT 1) WHERE highest >= 1"
    )


def _turns() -> None:
    op.create_index("ix_turn_created_at_id", "turn", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_turn_about",
        "turn",
        ["topic", "conversation_id"],
        unique=False,
        sqlite_where=sa.text("topic IS NOT NULL"),
        postgresql_where=sa.text("topic IS NOT NULL"),
    )
    op.create_index(
        "ix_turn_at_risk",
        "turn",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("level >= 1"),
        postgresql_where=sa.text("level >= 1"),
    )


def _reviews() -> None:
    # Nothing wrote reviews before.
    op.drop_table("review")
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("turn_id", sa.Uuid(), nullable=True),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("label", sa.String(128), nullable=True),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("kind", sa.String(32), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_review_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name="fk_review_turn_id_turn"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name="fk_review_staff_id_staff_member"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("turn_id", "staff_id", name="uq_review_turn_id_staff_id"),
    )
    op.create_index("ix_review_conversation_id", "review", ["conversation_id"], unique=False)
    op.create_table(
        "review_item",
        sa.Column("turn_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("week", sa.Date(), nullable=True),
        sa.Column("twice", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("judged_by", sa.Uuid(), nullable=True),
        sa.Column("verdict", sa.String(32), nullable=True),
        sa.Column("label", sa.String(128), nullable=True),
        sa.Column("level", sa.SmallInteger(), nullable=True),
        sa.Column("kind", sa.String(32), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["turn_id"], ["turn.id"], name="fk_review_item_turn_id_turn"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_review_item_conversation_id_conversation"
        ),
        sa.ForeignKeyConstraint(
            ["judged_by"], ["staff_member.id"], name="fk_review_item_judged_by_staff_member"
        ),
        sa.PrimaryKeyConstraint("turn_id", name="pk_review_item"),
    )
    op.create_index("ix_review_item_conversation_id", "review_item", ["conversation_id"], unique=False)
    op.create_index("ix_review_item_week", "review_item", ["week"], unique=False)
    op.create_index(
        "ix_review_item_stage_rank_created_at", "review_item", ["stage", "rank", "created_at"], unique=False
    )
    op.create_index("ix_review_item_settled_at", "review_item", ["settled_at"], unique=False)
