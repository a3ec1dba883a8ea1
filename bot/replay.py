"""Bringing spooled turns into the database once it is back; doing it twice changes nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot import handoff
from bot.messages import Level
from bot.transcripts import turns
from bot.transcripts.database import Database, RefusedError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import AcceptedEntry, Entry, RecordedEntry
from bot.transcripts.spool import Spool
from bot.transcripts.tables import Turn

log = logging.getLogger(__name__)


@dataclass
class Replayed:
    """What a replay did: entries stored (or found stored), and entries that the database refused."""

    stored: int = 0
    refused: int = 0
    unreadable: int = 0
    known_as: dict[UUID, UUID] = field(default_factory=dict)


async def store(session: AsyncSession, ring: KeyRing, entry: AcceptedEntry) -> None:
    """Everything that accepting a message writes: the turn, an opt-out, the crisis state, the hand-off."""
    message, risk, now = entry.message, entry.risk, entry.message.received_at
    await turns.add_inbound(session, ring, entry.turn, message, risk=risk, language=entry.language)
    if entry.opted_out is not None:
        await turns.set_opted_out(session, message.conversation, now if entry.opted_out else None)
    if risk.level >= Level.CONCERN:
        await turns.hold_sticky(session, message.conversation, risk, now)
    if risk.level >= Level.CRISIS:
        await handoff.open(session, message.conversation, entry.turn, risk, now)


async def replay(spool: Spool, database: Database, ring: KeyRing) -> Replayed:
    """Store what the spool holds.

    Raises:
        StorageError: The database went away again; what is left stays in the spool.
        SpoolError: The spool cannot be read.
    """
    done = Replayed()
    async for file in spool.files():
        refused = 0
        for entry in file.entries:
            refused += not await _replay(entry, database, ring, done)
        done.refused += refused
        done.stored += len(file.entries) - refused
        done.unreadable += file.unreadable
        await spool.settle(file, keep=refused > 0)
    return done


async def _replay(entry: Entry, database: Database, ring: KeyRing, done: Replayed) -> bool:
    """Store one entry; whether it is stored now."""
    try:
        async with database.transaction() as session:
            if isinstance(entry, RecordedEntry):
                await _record(session, ring, entry, done)
            else:
                await _accept(session, ring, entry, done)
    except (RefusedError, turns.UnknownTurnError) as error:
        log.error("turn %s: replay refused: %s", entry.turn, type(error).__name__)
        return False
    return True


async def _accept(session: AsyncSession, ring: KeyRing, entry: AcceptedEntry, done: Replayed) -> None:
    if await session.get(Turn, entry.turn) is not None:
        # The commit that was given up on went through after all, hand-off included.
        return
    retry = await turns.find_retry(session, ring, entry.message.channel, entry.message.external_id)
    if retry is None:
        await store(session, ring, entry)
    else:
        # The sender tried again when the database was back: the same message, accepted then.
        done.known_as[entry.turn] = retry.turn


async def _record(session: AsyncSession, ring: KeyRing, entry: RecordedEntry, done: Replayed) -> None:
    known = done.known_as.get(entry.turn, entry.turn)
    await turns.record_outbound(session, ring, replace(entry, turn=known))
