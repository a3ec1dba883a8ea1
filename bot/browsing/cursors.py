"""A place in a list that is ordered by time, newest first: where a page begins, or a search goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, literal, tuple_


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything older than a time, and of the same time what has a smaller id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        """As it stands in an address."""
        return f"{self.at.isoformat()}_{self.id.hex}"

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The reverse; None for anything else."""
        at, _, row = text.partition("_")
        try:
            # An address turns the plus of a zone into a space.
            found = cls(datetime.fromisoformat(at.replace(" ", "+")), UUID(row))
        except ValueError:
            return None
        return found if found.at.tzinfo is not None else None

    def before(self, at: ColumnElement[datetime], row: ColumnElement[UUID]) -> ColumnElement[bool]:
        """The condition, in the form that both databases answer from an index of the two columns."""
        return tuple_(at, row) < tuple_(literal(self.at, at.type), literal(self.id, row.type))


def newest_first(wanted: Select[Any], at: Any, row: Any, cursor: Cursor | None) -> Select[Any]:
    """The query in the order of its list, from a cursor on."""
    if cursor is not None:
        wanted = wanted.where(cursor.before(at, row))
    return wanted.order_by(at.desc(), row.desc())
