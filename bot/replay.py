"""Bringing spooled turns into the database once it is back; doing it twice changes nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot import handoff
from bot.messages import Channel, Level, Risk
from bot.transcripts import conversations, standings, turns
from bot.transcripts.clearing import clear, was_cleared
from bot.transcripts.database import Database, RefusedError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import AcceptedEntry, CallBackEntry, ClearEntry, Entry, RecordedEntry
from bot.transcripts.spool import Spool
from bot.transcripts.tables import CallBack, Handoff, HandoffReason, Turn

log = logging.getLogger(__name__)

PERSON_WANTED: Final = "utter_human_handoff"
"""The response to somebody who asks for a person."""
ASKED_LATELY: Final = timedelta(hours=24)
"""Asking for a person again within this is the same case, also when staff have closed it."""
MOST_NUMBERS: Final = 3
"""Different numbers that one case takes, so that nobody can have half the town called."""


class TooManyNumbersError(Exception):
    """The case holds as many numbers as it may."""


@dataclass
class Replayed:
    """What a replay did: entries stored (or found stored), and entries that the database refused."""

    stored: int = 0
    refused: int = 0
    unreadable: int = 0
    known_as: dict[UUID, UUID] = field(default_factory=dict)
    moved: dict[UUID, UUID] = field(default_factory=dict)


async def store(session: AsyncSession, ring: KeyRing, entry: AcceptedEntry) -> None:
    """Everything that accepting a message writes: the turn, an opt-out, the crisis state, the hand-off."""
    message, risk, now = entry.message, entry.risk, entry.message.received_at
    await turns.add_inbound(session, ring, entry.turn, message, risk=risk, language=entry.language)
    if entry.opted_out is not None:
        await conversations.set_opted_out(session, message.conversation, now if entry.opted_out else None)
    if entry.blocked is not None:
        await conversations.set_blocked(session, message.conversation, now if entry.blocked else None)
    if risk.level >= Level.CONCERN:
        await standings.hold_sticky(session, message.conversation, risk, now)
    if risk.level >= Level.CRISIS:
        await handoff.open(session, message.conversation, entry.turn, risk, now)
    else:
        await turns.have_answered_later(session, message.conversation, entry.turn, now)


async def store_answer(session: AsyncSession, ring: KeyRing, entry: RecordedEntry) -> None:
    """Everything that answering a message writes: the replies, and a case for somebody who wants a person.

    Raises:
        UnknownTurnError: The inbound turn is not stored.
    """
    await turns.record_outbound(session, ring, entry)
    if not any(reply.response == PERSON_WANTED for reply in entry.replies):
        return
    await conversations.locked(session, entry.conversation)
    asked = await session.scalar(
        select(Handoff.id)
        .where(
            Handoff.conversation_id == entry.conversation,
            Handoff.reason == HandoffReason.ASKED_FOR_PERSON,
            Handoff.opened_at > entry.at - ASKED_LATELY,
        )
        .limit(1)
    )
    if asked is None:
        turn = await session.get_one(Turn, entry.turn)
        reason, risk = HandoffReason.ASKED_FOR_PERSON, Risk(level=turn.level or Level.NONE)
        await handoff.open_case(session, entry.conversation, reason, entry.turn, entry.at, risk=risk)


async def store_call_back(session: AsyncSession, ring: KeyRing, entry: CallBackEntry) -> None:
    """A request to be called, as a case; the same number in an open case is the same request.

    Raises:
        TooManyNumbersError: The case holds `MOST_NUMBERS` others.
    """
    await conversations.open_conversation(
        session, entry.conversation, entry.channel, entry.language, entry.at
    )
    # Whoever wants to be called is a person.
    (await conversations.locked(session, entry.conversation)).synthetic = False
    digests = ring.digests(CallBack.__tablename__, entry.number)
    case = await handoff.current(session, entry.conversation)
    if case is not None:
        known = await session.scalars(select(CallBack.number_digest).where(CallBack.handoff_id == case.id))
        numbers = set(known)
        if numbers & set(digests):
            return
        if len(numbers) >= MOST_NUMBERS:
            raise TooManyNumbersError
    reason = HandoffReason.CALL_BACK
    opened = await handoff.open_case(session, entry.conversation, reason, entry.turn, entry.at)
    session.add(
        CallBack(
            id=entry.turn,
            conversation_id=entry.conversation,
            handoff_id=opened.handoff,
            number=ring.encrypt(entry.number, entry.turn, field="number"),
            number_digest=digests[0],
            language=entry.language,
            consented_at=entry.at,
        )
    )
    await session.flush()


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
            elif isinstance(entry, CallBackEntry):
                await _call_back(session, ring, entry)
            elif isinstance(entry, ClearEntry):
                await clear(session, entry.conversation, entry.at)
            else:
                await _accept(session, ring, entry, done)
    except (RefusedError, turns.UnknownTurnError, TooManyNumbersError) as error:
        log.error("turn %s: replay refused: %s", entry.turn, type(error).__name__)
        return False
    return True


async def _accept(session: AsyncSession, ring: KeyRing, entry: AcceptedEntry, done: Replayed) -> None:
    if await session.get(Turn, entry.turn) is not None:
        # The commit that was given up on went through after all, hand-off included.
        return
    if entry.risk.level < Level.CRISIS and await _is_unwanted(session, entry):
        return
    retry = await turns.find_retry(session, ring, entry.message.channel, entry.message.external_id)
    if retry is None:
        await store(session, ring, await _at_home(session, ring, entry, done))
    else:
        # The sender tried again when the database was back: the same message, accepted then.
        done.known_as[entry.turn] = retry.turn


async def _is_unwanted(session: AsyncSession, entry: AcceptedEntry) -> bool:
    """Whether the person has had it deleted since; what a hand-off rests on is stored all the same."""
    return await was_cleared(session, entry.message.conversation, entry.message.received_at)


async def _at_home(
    session: AsyncSession, ring: KeyRing, entry: AcceptedEntry, done: Replayed
) -> AcceptedEntry:
    """A text in the conversation that its number has now; without the database that could only be guessed."""
    message = entry.message
    if message.channel is not Channel.SMS or message.sender is None:
        return entry
    home = await conversations.conversation_of(session, ring, message.sender, message.received_at)
    done.moved[message.conversation] = home
    return replace(entry, message=replace(message, conversation=home))


async def _record(session: AsyncSession, ring: KeyRing, entry: RecordedEntry, done: Replayed) -> None:
    known = done.known_as.get(entry.turn, entry.turn)
    home = done.moved.get(entry.conversation, entry.conversation)
    if await session.get(Turn, known) is None and await was_cleared(session, home, entry.at):
        return
    await store_answer(session, ring, replace(entry, turn=known, conversation=home))


async def _call_back(session: AsyncSession, ring: KeyRing, entry: CallBackEntry) -> None:
    if await session.get(CallBack, entry.turn) is None:
        await store_call_back(session, ring, entry)
