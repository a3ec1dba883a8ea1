"""Checking the audit log: an entry that was changed, removed or moved, and a tail that was cut off."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit.anchor import Anchor, AnchorError, Mark
from bot.audit.chain import BEGINNING, PURPOSE, mac_of
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import AuditEntry

BATCH: Final = 1_000
FAULTS: Final = 20
"""After so many, the rest says nothing new."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check found: how many entries there are, how many marks, and what is wrong, a line each."""

    entries: int
    marks: int
    faults: tuple[str, ...]


async def verify(database: Database, ring: KeyRing, anchor: Anchor) -> Verified:
    """Check every entry against its neighbours and against the anchor.

    Raises:
        StorageError: The database cannot be read.
    """
    faults: list[str] = []
    marks = _marks(anchor, faults)
    wanted = {mark.entry: mark for mark in marks}
    keys = ring.derive_all(PURPOSE)
    last, mac, count = 0, BEGINNING, 0
    async with database.reading() as session:
        async for entry in _entries(session):
            faults += _broken(entry, last, mac, keys)
            faults += _unlike(entry, wanted.get(entry.id))
            last, mac, count = entry.id, entry.mac, count + 1
    faults += _cut(last, marks)
    return Verified(count, len(marks), tuple(faults[:FAULTS]))


def _marks(anchor: Anchor, faults: list[str]) -> list[Mark]:
    try:
        marks = anchor.marks()
    except AnchorError as error:
        faults.append(f"the anchor cannot be trusted: {error}")
        return []
    if not marks:
        faults.append("there is no anchor, so nobody can tell whether the newest entries were cut off")
    return marks


async def _entries(session: AsyncSession) -> AsyncIterator[AuditEntry]:
    last = -1
    while batch := (
        await session.scalars(
            select(AuditEntry).where(AuditEntry.id > last).order_by(AuditEntry.id).limit(BATCH)
        )
    ).all():
        for entry in batch:
            yield entry
        last = batch[-1].id
        session.expunge_all()


def _broken(entry: AuditEntry, last: int, mac: str, keys: tuple[bytes, ...]) -> list[str]:
    faults = []
    if entry.id != last + 1:
        gone = f"entry {last + 1}" if entry.id == last + 2 else f"entries {last + 1} to {entry.id - 1}"
        faults.append(f"{gone} missing: deleted")
    elif entry.previous_mac != mac:
        faults.append(f"entry {entry.id} does not follow the one before it: one of the two was replaced")
    if not any(hmac.compare_digest(entry.mac, mac_of(entry, key)) for key in keys):
        faults.append(f"entry {entry.id} was changed, or written with a key that HARBORLINE_KEYS lacks")
    return faults


def _unlike(entry: AuditEntry, mark: Mark | None) -> list[str]:
    if mark is None or mark.mac == entry.mac:
        return []
    return [f"entry {entry.id} is not the one that the anchor knows: the log was written anew"]


def _cut(last: int, marks: list[Mark]) -> list[str]:
    known = max((mark.entry for mark in marks), default=0)
    if known <= last:
        return []
    return [f"the log ends at entry {last}, the anchor knows {known}: its tail was cut off"]
