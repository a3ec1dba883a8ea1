"""Saved views: filters under a name, for oneself or for everybody. What staff call them is encrypted too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.browsing.filters import Filters
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import SavedView, StaffMember

LONGEST_NAME: Final = 60
MOST: Final = 40
"""Views of one member of staff."""
FIELD: Final = "body"


class ViewError(Exception):
    """The view is not saved or removed; the message tells staff why."""


@dataclass(frozen=True, slots=True)
class View:
    """A saved view, and whose it is."""

    id: UUID
    name: str
    filters: Filters
    shared: bool
    owner: UUID
    owner_name: str


async def views_for(session: AsyncSession, ring: KeyRing, staff: UUID) -> list[View]:
    """One's own views and those that others share, by name.

    Raises:
        DecryptionError: The ring does not fit.
    """
    rows = await session.execute(
        select(SavedView, StaffMember.name)
        .join(StaffMember, StaffMember.id == SavedView.staff_id)
        .where(or_(SavedView.staff_id == staff, SavedView.shared))
    )
    found = [_view(ring, row, name) for row, name in rows.tuples()]
    return sorted(found, key=lambda view: (view.name.casefold(), view.id.hex))


async def save(
    session: AsyncSession,
    ring: KeyRing,
    staff: UUID,
    now: datetime,
    *,
    name: str,
    filters: Filters,
    shared: bool,
) -> None:
    """Keep filters under a name.

    Raises:
        ViewError: The name is empty or too long, or there are too many.
    """
    words = " ".join(name.split())
    if not words or len(words) > LONGEST_NAME:
        raise ViewError(f"A view needs a name of 1 to {LONGEST_NAME} characters.")
    own = (await session.scalars(select(SavedView.id).where(SavedView.staff_id == staff))).all()
    if len(own) >= MOST:
        raise ViewError(f"You have {MOST} views. Remove one first.")
    row = uuid4()
    body = json.dumps({"name": words, "query": filters.query()}, ensure_ascii=False)
    session.add(
        SavedView(
            id=row, staff_id=staff, shared=shared, body=ring.encrypt(body, row, field=FIELD), created_at=now
        )
    )
    await session.flush()


async def remove(session: AsyncSession, view: UUID, staff: UUID) -> None:
    """Remove one's own view.

    Raises:
        ViewError: It is somebody else's, or there is none.
    """
    row = await session.get(SavedView, view)
    if row is None or row.staff_id != staff:
        raise ViewError("That view is not yours to remove.")
    await session.delete(row)


def _view(ring: KeyRing, row: SavedView, owner_name: str) -> View:
    body = json.loads(ring.decrypt(row.body, row.id, field=FIELD))
    return View(row.id, body["name"], Filters.parse(body["query"]), row.shared, row.staff_id, owner_name)
