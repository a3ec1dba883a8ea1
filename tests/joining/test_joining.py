"""Staff in a conversation, on both databases: one of two, once, silence, the three minutes, giving back."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.joining import joining
from bot.joining.covering import ByText, Left, cover
from bot.joining.joining import JoinError
from bot.joining.telling import Texts
from bot.messages import Language, Reply, ReplyKind, Risk
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.following import turns_after
from bot.transcripts.tables import Conversation, Handoff, StaffMember, Turn, WaitingAnswer
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, add_member, write

NOTICE = Reply(ReplyKind.SERVICE, "I have joined.", Language.EN, response="card/joined")
BACK = Reply(ReplyKind.SERVICE, "The bot is back.", Language.EN, response="card/handed_back")
TEXTS = Texts(ZoneInfo("America/New_York"))
BY_TEXT = ByText(lambda _: "")
ANSWER = Reply(ReplyKind.ANSWER, "An answer of the bot.", Language.EN)


@pytest.fixture
async def people(database: Database, ring: KeyRing, clock: HandClock) -> list[StaffMember]:
    return [await add_member(database, ring, clock.now(), login=login) for login in ("ada", "ben")]


async def joined(
    database: Database, ring: KeyRing, clock: HandClock, who: StaffMember, conversation: UUID | None = None
) -> UUID:
    if conversation is None:
        conversation = (await write(database, ring, clock.now(), "hello", Risk())).conversation
    clock.advance(seconds=1)
    async with database.transaction() as session:
        await joining.join(session, ring, conversation, who.id, "Ana", NOTICE, clock.now(), TEXTS)
    return conversation


async def said(database: Database, ring: KeyRing, conversation: UUID) -> list[str]:
    async with database.reading() as session:
        kept = await turns_after(session, ring, conversation, 0)
    return [turn.reply.text if turn.reply is not None else str(turn.text) for turn in kept]


async def waiting(database: Database) -> int:
    async with database.reading() as session:
        return len((await session.scalars(select(WaitingAnswer))).all())


async def covered(database: Database, ring: KeyRing, clock: HandClock) -> list[Left]:
    found: list[Left] = []

    async def answer(left: Left) -> list[Reply]:
        found.append(left)
        return [ANSWER]

    await cover(database, ring, answer, clock.now, BY_TEXT)
    return found


async def test_of_two_who_join_one_has_it_and_the_person_is_told_once(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    conversation = (await write(database, ring, clock.now(), "hello", Risk())).conversation
    clock.advance(seconds=1)

    async def one(who: StaffMember) -> bool:
        for _ in range(5):
            try:
                async with database.transaction() as session:
                    await joining.join(session, ring, conversation, who.id, "Ana", NOTICE, clock.now(), TEXTS)
                return True
            except JoinError:
                return False
            except StorageError:
                await asyncio.sleep(0.05)
        raise AssertionError("never got the lock")

    won = await asyncio.gather(*(one(people[number % 2]) for number in range(6)))
    assert sorted(won) == [False, False, False, True, True, True]
    assert await said(database, ring, conversation) == ["hello", "Ana: I have joined."]


async def test_what_is_sent_twice_is_written_once(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    conversation, key = await joined(database, ring, clock, people[0]), uuid4()
    for _ in range(2):
        async with database.transaction() as session:
            await joining.say(
                session, ring, conversation, people[0].id, " How are you? ", key, clock.now(), TEXTS
            )
    assert await said(database, ring, conversation) == ["hello", "Ana: I have joined.", "How are you?"]
    async with database.transaction() as session:
        with pytest.raises(JoinError, match="Ada is in this conversation now"):
            await joining.say(session, ring, conversation, people[1].id, "x", uuid4(), clock.now(), TEXTS)
        with pytest.raises(JoinError, match="Write 1 to"):
            await joining.say(session, ring, conversation, people[0].id, " ", uuid4(), clock.now(), TEXTS)
        row = await session.get_one(Conversation, conversation)
        assert (row.turns, row.last_at) == (3, clock.now())


async def test_after_three_minutes_without_staff_the_bot_answers_that_message(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    conversation = await joined(database, ring, clock, people[0])
    await write(database, ring, clock.now(), "are you there?", Risk(), conversation=conversation)
    clock.advance(minutes=2, seconds=59)
    assert await covered(database, ring, clock) == []
    clock.advance(seconds=1)
    [left] = await covered(database, ring, clock)
    assert (left.message.text, left.held, left.standing.held_by) == ("are you there?", True, None)
    assert [past.text for past in left.standing.history] == ["hello", "Ana: I have joined."]
    assert (await said(database, ring, conversation))[-2:] == ["are you there?", "An answer of the bot."]
    assert await covered(database, ring, clock) == []
    assert await waiting(database) == 0


async def test_staff_who_write_in_time_keep_the_bot_silent(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    conversation = await joined(database, ring, clock, people[0])
    await write(database, ring, clock.now(), "are you there?", Risk(), conversation=conversation)
    clock.advance(minutes=2)
    async with database.transaction() as session:
        await joining.say(session, ring, conversation, people[0].id, "Yes.", uuid4(), clock.now(), TEXTS)
    clock.advance(minutes=5)
    assert await covered(database, ring, clock) == []
    assert (await said(database, ring, conversation))[-1] == "Yes."


async def test_staff_who_write_while_the_bot_thinks_are_not_talked_over(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    conversation = await joined(database, ring, clock, people[0])
    await write(database, ring, clock.now(), "are you there?", Risk(), conversation=conversation)
    clock.advance(minutes=4)

    async def answer(_: Left) -> list[Reply]:
        async with database.transaction() as session:
            await joining.say(session, ring, conversation, people[0].id, "Yes.", uuid4(), clock.now(), TEXTS)
        return [ANSWER]

    assert await cover(database, ring, answer, clock.now, BY_TEXT) == 0
    assert (await said(database, ring, conversation))[-1] == "Yes."


async def test_a_worker_that_dies_loses_nothing(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    conversation = await joined(database, ring, clock, people[0])
    await write(database, ring, clock.now(), "are you there?", Risk(), conversation=conversation)
    clock.advance(minutes=4)

    async def die(_: Left) -> list[Reply]:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await cover(database, ring, die, clock.now, BY_TEXT)
    assert await covered(database, ring, clock) == []
    clock.advance(minutes=1)
    assert len(await covered(database, ring, clock)) == 1


async def test_giving_it_back_tells_the_person_and_answers_what_waits(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    conversation = await joined(database, ring, clock, people[0])
    await write(database, ring, clock.now(), "are you there?", Risk(), conversation=conversation)
    clock.advance(seconds=10)
    async with database.transaction() as session:
        with pytest.raises(JoinError):
            await joining.hand_back(session, ring, conversation, people[1].id, BACK, clock.now(), TEXTS)
        await joining.hand_back(session, ring, conversation, people[0].id, BACK, clock.now(), TEXTS)
    [left] = await covered(database, ring, clock)
    assert not left.held
    assert (await said(database, ring, conversation))[-2:] == ["The bot is back.", "An answer of the bot."]
    await write(database, ring, clock.now(), "and now?", Risk(), conversation=conversation)
    assert await waiting(database) == 0


async def test_a_crisis_waits_for_nobody(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    conversation = await joined(database, ring, clock, people[0])
    await write(database, ring, clock.now(), "i want to die", CRISIS, conversation=conversation)
    assert await waiting(database) == 0
    async with database.reading() as session:
        assert len((await session.scalars(select(Handoff))).all()) == 1


async def test_who_cannot_be_joined_and_who_looks_too(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    ada, ben = people
    with pytest.raises(JoinError, match="no such"):
        await joined(database, ring, clock, ada, uuid4())
    conversation = await joined(database, ring, clock, ada)
    async with database.transaction() as session:
        with pytest.raises(JoinError, match="Choose a name"):
            await joining.join(session, ring, conversation, ben.id, " ", NOTICE, clock.now(), TEXTS)
        for _ in range(2):
            await joining.note_viewer(session, conversation, ben.id, clock.now())
        assert await joining.others_looking(session, conversation, ada.id, clock.now()) == ["Ben"]
        clock.advance(minutes=1)
        assert await joining.others_looking(session, conversation, ada.id, clock.now()) == []
        assert (await session.scalars(select(Turn.reply_to).where(Turn.direction == "outbound"))).all() == [
            None
        ]
