"""Inserting a row that somebody else may be inserting too."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession


async def insert_if_absent(session: AsyncSession, table: type[Any], values: dict[str, Any]) -> bool:
    """Insert a row unless its key is taken, waiting for another transaction that is inserting it.

    Returns:
        Whether it was inserted.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    key = table.__mapper__.primary_key[0]
    inserted = dialect.insert(table).values(**values).on_conflict_do_nothing().returning(key)
    return await session.scalar(inserted) is not None
