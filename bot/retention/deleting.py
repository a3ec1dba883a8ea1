"""Deleting whole conversations with everything that hangs on them, in whatever table it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Table, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.transcripts.tables import AuditEntry, Base, Conversation, StaffMember, Tracker, Turn

NEVER: Final = frozenset({AuditEntry.__tablename__, StaffMember.__tablename__})
Doomed = dict[str, list[Any]]


async def delete_conversations(session: AsyncSession, conversations: Sequence[UUID]) -> None:
    """Delete conversations and every row that refers to them, directly or through others."""
    table = _table(Conversation)
    doomed: Doomed = {table.name: list(conversations)}
    reached: list[tuple[Table, Any]] = []
    for each in _tables():
        which = _which(each, doomed) if each.name not in doomed else None
        if which is not None:
            doomed[each.name] = await _keys(session, each, which)
            reached.append((each, which))
    # Replies first: they point at what they answer.
    turns = _table(Turn)
    replies = turns.c.conversation_id.in_(conversations) & turns.c.reply_to.is_not(None)
    for each, which in reversed(reached):
        if each is turns:
            await session.execute(delete(turns).where(replies))
        await session.execute(delete(each).where(which))
    await session.execute(delete(Tracker).where(Tracker.conversation.in_(conversations)))
    await session.execute(delete(table).where(table.c.id.in_(conversations)))


def reached_from_a_conversation() -> set[str]:
    """The tables of which rows go with a conversation."""
    doomed: Doomed = {_table(Conversation).name: []}
    for each in _tables():
        if each.name not in doomed and any(True for _ in _references(each, doomed)):
            doomed[each.name] = []
    return set(doomed)


def _which(table: Table, doomed: Doomed) -> Any:
    """The rows of a table that refer to doomed ones; None when none can."""
    conditions = [column.in_(doomed[target]) for column, target in _references(table, doomed)]
    return or_(*conditions) if conditions else None


def _references(table: Table, doomed: Doomed) -> Iterator[tuple[Column[Any], str]]:
    if table.name in NEVER:
        return
    for key in table.foreign_keys:
        target = key.column.table.name
        if target in doomed and target != table.name:
            yield key.parent, target


async def _keys(session: AsyncSession, table: Table, which: Any) -> list[Any]:
    """The keys of doomed rows, for what refers to them in turn."""
    [key, *more] = table.primary_key.columns
    # Nothing refers to a row that needs two columns to be named.
    return [] if more else list(await session.scalars(select(key).where(which)))


def _tables() -> list[Table]:
    return list(Base.metadata.sorted_tables)


def _table(entity: type[Base]) -> Table:
    table = entity.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{entity.__name__} is no table")
    return table
