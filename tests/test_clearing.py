"""Clearing a chat: the words are really gone, except those that a hand-off rests on."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from bot.clearing import Clearing
from bot.messages import Channel, Message
from bot.replay import replay
from bot.transcripts import clearing, feedback
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.following import turns_after
from bot.transcripts.spool import Spool
from bot.transcripts.tables import CallBack, Feedback, Handoff, Tracker, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import CRISIS, accepted, message, recorded
from tests.fixtures.talk import Talk

PLAIN = ("is k addictive?", "and is it legal?")
CRY = "i want to kill myself"


class Engine:
    """Keeps whom it was told to forget."""

    def __init__(self) -> None:
        self.forgotten: list[UUID] = []

    async def forget(self, conversation: UUID) -> None:
        """Note it."""
        self.forgotten.append(conversation)


@pytest.fixture
def talk(database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock) -> Talk:
    return Talk(database, ring, tmp_path, clock)


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture
def cleaner(talk: Talk, engine: Engine) -> Clearing:
    return Clearing(
        database=talk.database,
        spool=talk.spool,
        memory=talk.memory,
        engine=engine,
        responder=talk.responder,
    )


async def count(talk: Talk, table: type[Turn] | type[Feedback] | type[Tracker] | type[Handoff]) -> int:
    async with talk.database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def texts(talk: Talk) -> list[str]:
    """What the database still holds that the person wrote."""
    async with talk.database.reading() as session:
        kept = await turns_after(session, talk.ring, talk.conversation, 0)
    return [turn.text for turn in kept if turn.text is not None]


async def test_everything_goes(talk: Talk, cleaner: Clearing, engine: Engine) -> None:
    for text in PLAIN:
        await talk.say(text)
    async with talk.database.transaction() as session:
        [reply, *_] = await session.scalars(select(Turn.id).where(Turn.reply_to.is_not(None)))
        await feedback.keep(
            session,
            talk.ring,
            conversation=talk.conversation,
            turn=reply,
            helpful=False,
            comment="no",
            now=talk.clock.now(),
        )
        session.add(Tracker(conversation=talk.conversation, blob=b"x", updated_at=talk.clock.now()))
    for _ in range(2):
        cleared = await cleaner.clear(talk.conversation, talk.clock.now())
        assert (cleared.done, cleared.kept) == (True, False)
    assert [await count(talk, table) for table in (Turn, Feedback, Tracker)] == [0, 0, 0]
    assert talk.memory.recall(talk.conversation, talk.clock.now()).history == ()
    assert engine.forgotten == [talk.conversation] * 2


async def test_another_conversation_stays(talk: Talk, cleaner: Clearing) -> None:
    await talk.say(PLAIN[0])
    await cleaner.clear(uuid4(), talk.clock.now())
    assert await texts(talk) == [PLAIN[0]]


async def test_r9_what_a_handoff_rests_on_stays(talk: Talk, cleaner: Clearing) -> None:
    for at in range(12):
        await talk.say(f"is it legal in county {at}?")
    await talk.say(CRY)
    await talk.say("where are you?")
    cleared = await cleaner.clear(talk.conversation, talk.clock.now())
    assert (cleared.done, cleared.kept) == (True, True)
    kept = await texts(talk)
    assert kept[-1] == CRY
    assert "where are you?" not in kept
    # Ten turns before it, five messages and five replies, were read together with it.
    assert kept[:-1] == [f"is it legal in county {at}?" for at in range(7, 12)]
    async with talk.database.reading() as session:
        assert await session.scalar(select(func.count()).where(Handoff.closed_at.is_(None))) == 1
        replies = await session.scalar(select(func.count()).where(Turn.reply_kind == "crisis"))
    assert replies


async def test_a_number_to_call_stays_with_its_case(talk: Talk, cleaner: Clearing) -> None:
    wish = Message(talk.conversation, Channel.WEB, "4075550142", uuid4().hex, talk.clock.now())
    await talk.responder.request_call_back(wish)
    assert (await cleaner.clear(talk.conversation, talk.clock.now())).kept is True
    async with talk.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(CallBack)) == 1


async def test_the_chat_goes_on_with_new_words(talk: Talk, cleaner: Clearing) -> None:
    await talk.say(PLAIN[0])
    await cleaner.clear(talk.conversation, talk.clock.now())
    await talk.say(PLAIN[1])
    assert await texts(talk) == [PLAIN[1]]


async def test_while_the_database_is_away_the_wish_is_kept_and_carried_out(
    talk: Talk, cleaner: Clearing, tmp_path: Path, database: Database
) -> None:
    await talk.say(PLAIN[0])
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}", talk.ring)
    late = Clearing(
        database=away,
        spool=talk.spool,
        memory=talk.memory,
        engine=Engine(),
        responder=talk.responder,
    )
    cleared = await late.clear(talk.conversation, talk.clock.now())
    assert (cleared.done, cleared.kept) == (False, None)
    assert await texts(talk) == [PLAIN[0]]
    done = await replay(talk.spool, database, talk.ring)
    assert (done.stored, done.refused) == (1, 0)
    assert await texts(talk) == []


async def test_when_even_the_wish_cannot_be_kept_it_says_so(talk: Talk, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    nowhere = Clearing(
        database=Database(f"sqlite+aiosqlite:///{tmp_path / 'none.db'}", talk.ring),
        spool=Spool(blocked / "spool", talk.ring),
        memory=talk.memory,
        engine=Engine(),
        responder=talk.responder,
    )
    with pytest.raises(StorageError):
        await nowhere.clear(talk.conversation, talk.clock.now())


async def test_words_that_reach_the_database_later_are_not_stored(
    database: Database, ring: KeyRing, clock: HandClock, tmp_path: Path
) -> None:
    spool, chat = Spool(tmp_path / "spool", ring), uuid4()
    plain = accepted(message(clock.now(), PLAIN[0], conversation=chat))
    cry = accepted(message(clock.now(), CRY, conversation=chat), CRISIS)
    for entry in (plain, recorded(plain), cry, recorded(cry)):
        await spool.append(entry)
    clock.advance(seconds=1)
    async with database.transaction() as session:
        await clearing.clear(session, chat, clock.now())
    clock.advance(seconds=1)
    after = accepted(message(clock.now(), PLAIN[1], conversation=chat))
    await spool.append(after)
    done = await replay(spool, database, ring)
    assert done.refused == 0
    async with database.reading() as session:
        kept = await turns_after(session, ring, chat, 0)
        assert await session.scalar(select(func.count()).select_from(Handoff)) == 1
    assert [turn.text for turn in kept] == [CRY, PLAIN[1]]
    assert list((tmp_path / "spool").iterdir()) == []


async def test_lines_that_were_put_aside_are_emptied(ring: KeyRing, clock: HandClock, tmp_path: Path) -> None:
    spool, chat = Spool(tmp_path / "spool", ring), uuid4()
    mine = accepted(message(clock.now(), PLAIN[0], conversation=chat))
    cry = accepted(message(clock.now(), CRY, conversation=chat), CRISIS)
    theirs = accepted(message(clock.now(), PLAIN[1]))
    for entry in (mine, cry, theirs):
        await spool.append(entry)
    async for file in spool.files():
        await spool.settle(file, keep=True)
    await spool.forget(chat)
    [aside] = (tmp_path / "spool").iterdir()
    aside.rename(aside.with_suffix(".spool"))
    async for file in spool.files():
        assert (file.entries, file.unreadable) == ((cry, theirs), 0)
