"""Runs the migrations over the connection, and in the transaction, that `migrating` hands in."""

from __future__ import annotations

from alembic import context

from bot.transcripts.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
context.run_migrations()
