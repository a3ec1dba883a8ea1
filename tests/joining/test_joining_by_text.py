"""Staff in a conversation by SMS, on both databases, between a carrier and its phone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from bot.cases.transcript import mark, transcript
from bot.content.safety import REST
from bot.joining import joining
from bot.joining.covering import TEXTS_OFF, ByText, Left, cover
from bot.joining.telling import NightError, TellError, Texts, hindrance, length
from bot.messages import Channel, Language, Level, Reply, Risk
from bot.simulator.carrier import Fault
from bot.simulator.phone import By
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import (
    Conversation,
    Delivery,
    Direction,
    Handoff,
    HandoffReason,
    StaffMember,
    TextMessage,
    Turn,
    WaitingAnswer,
)
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import add_member, write
from tests.fixtures.talk import cards
from tests.fixtures.texting import PERSON, Line, card, open_line

TEXTS = Texts(ZoneInfo("America/New_York"))
DAY = datetime(2026, 3, 2, 16, tzinfo=UTC)
"""Eleven in the morning in Florida."""
OPENING = "is it addictive"


@pytest.fixture
async def line(database: Database, ring: KeyRing, tmp_path: Path) -> AsyncIterator[Line]:
    """Somebody who has written once, and texts that go out."""
    async with open_line(database, ring, tmp_path, HandClock(DAY)) as line:
        await line.text(OPENING)
        line.start_sending()
        yield line


@pytest.fixture
async def ada(line: Line) -> StaffMember:
    return await add_member(line.talk.database, line.talk.ring, DAY)


async def act(line: Line, do: Callable[..., Awaitable[object]], *given: object, **more: object) -> object:
    """One step of staff, again while the database is busy with texts that go out."""
    for _ in range(20):
        try:
            async with line.talk.database.transaction() as session:
                # Not by its number, whose conversation is another one after 90 days.
                conversation = await session.scalar(select(Conversation.id))
                return await do(session, line.talk.ring, conversation, *given, line.talk.clock.now(), **more)
        except StorageError:
            await asyncio.sleep(0.05)
    raise AssertionError("never got the lock")


async def join(line: Line, who: StaffMember, texts: Texts = TEXTS, **more: bool) -> None:
    async def do(session, ring, conversation, staff, now):  # type: ignore[no-untyped-def]
        notice = cards().service("joined", Language.EN, Channel.SMS)
        await joining.join(session, ring, conversation, staff, "Ana", notice, now, texts, **more)

    await act(line, do, who.id)


async def say(line: Line, who: StaffMember, text: str, key: UUID | None = None, **more: bool) -> None:
    async def do(session, ring, conversation, now):  # type: ignore[no-untyped-def]
        await joining.say(session, ring, conversation, who.id, text, key or uuid4(), now, TEXTS, **more)

    await act(line, do)


async def leave(line: Line, who: StaffMember, texts: Texts = TEXTS) -> object:
    async def do(session, ring, conversation, now):  # type: ignore[no-untyped-def]
        notice = cards().service("handed_back", Language.EN, Channel.SMS)
        return await joining.hand_back(session, ring, conversation, who.id, notice, now, texts)

    return await act(line, do)


async def covered(line: Line, *, off: bool = False) -> int:
    async def answer(left: Left) -> tuple[Reply, ...]:
        return await line.talk.responder.answer_for_staff(
            left.turn, left.message, left.risk, left.standing, left.language, away=left.held
        )

    def hint(language: Language) -> str:
        return cards().service(REST, language, Channel.SMS).text

    for _ in range(20):
        try:
            return await cover(
                line.talk.database, line.talk.ring, answer, line.talk.clock.now, ByText(hint, off=off)
            )
        except StorageError:
            await asyncio.sleep(0.05)
    raise AssertionError("never got the lock")


def got(line: Line) -> list[str]:
    return [bubble.text for bubble in line.carrier.phone(PERSON).bubbles if bubble.by is By.CLINIC]


async def arrives(line: Line, text: str) -> None:
    """Wait until the phone shows a text that begins so, and it is known to have arrived."""

    async def there() -> bool:
        waits = await line.scalar(select(TextMessage.id).where(TextMessage.state != Delivery.DELIVERED))
        return waits is None and any(each.startswith(text) for each in got(line))

    async with asyncio.timeout(20):
        while not await there():
            await asyncio.sleep(0.05)


async def newest(line: Line) -> Turn:
    found: Turn = await line.scalar(select(Turn).order_by(Turn.seq.desc()).limit(1))
    return found


async def test_a_whole_conversation_with_staff(line: Line, ada: StaffMember) -> None:
    await join(line, ada)
    await join(line, ada)
    await arrives(line, "Ana: I work at the clinic")
    assert await line.text("oh good. is there a bus to you") == []
    key = uuid4()
    for _ in range(2):
        await say(line, ada, "Yes: line 4 stops – at “our” door.", key)
    await arrives(line, 'Yes: line 4 stops - at "our" door.')
    line.talk.clock.advance(minutes=5)
    assert await covered(line) == 0
    assert await leave(line, ada) is True
    await arrives(line, "The person from the clinic has left.")
    said = got(line)
    assert sum(text.startswith("Ana: ") for text in said) == 1
    assert sum("line 4" in text for text in said) == 1
    assert any("addictive" in text for text in await line.text(OPENING))
    assert await line.count(Turn, Turn.delivery == Delivery.FAILED) == 0


async def test_what_staff_write_arrives_in_order(line: Line, ada: StaffMember) -> None:
    await join(line, ada)
    for place in range(4):
        await say(line, ada, f"{place}. A line of mine.")
    await arrives(line, "3. ")
    assert [text[:2] for text in got(line) if "of mine" in text] == ["0.", "1.", "2.", "3."]


async def test_staff_who_are_away_are_covered_by_text_once_and_in_order(line: Line, ada: StaffMember) -> None:
    await join(line, ada)
    await arrives(line, "Ana: ")
    assert await line.text(OPENING) == []
    line.talk.clock.advance(minutes=2, seconds=59)
    assert await covered(line) == 0
    line.talk.clock.advance(seconds=2)
    before = len(got(line))
    assert sum(await asyncio.gather(covered(line), covered(line))) == 1
    assert await covered(line) == 0
    await arrives(line, "Nobody from the clinic has written for 3 minutes")
    away, answer = got(line)[before:]
    assert away.startswith("Nobody from the clinic")
    assert "addictive" in answer
    assert (await newest(line)).reply_to is not None


async def test_a_late_answer_outlives_the_process(line: Line, ada: StaffMember) -> None:
    """What waits, and then what is queued, are rows: a restart between any two steps loses nothing."""
    assert line.texter is not None
    await join(line, ada)
    await arrives(line, "Ana: ")
    line.texter.cancel()
    await line.text(OPENING)
    line.talk.forget()
    line.talk.clock.advance(minutes=4)
    assert await covered(line) == 1
    assert not any("3 minutes" in text for text in got(line))
    line.start_sending()
    await arrives(line, "Nobody from the clinic")


async def test_a_crisis_waits_for_nobody_and_gets_its_card_in_the_response(
    line: Line, ada: StaffMember
) -> None:
    await join(line, ada)
    await arrives(line, "Ana: ")
    [card_] = await line.text("i want to kill myself tonight")
    assert all(number in card_ for number in ("988", "911", "415-3213"))
    assert await line.count(Handoff, Handoff.reason == HandoffReason.RISK) == 1
    assert await line.count(WaitingAnswer) == 0


async def test_reserved_words_are_answered_at_once_and_only_once(line: Line, ada: StaffMember) -> None:
    await join(line, ada)
    await arrives(line, "Ana: ")
    assert await line.text("HELP") == [card("help")]
    line.talk.clock.advance(minutes=5)
    assert await covered(line) == 0
    assert await line.text("please stop texting me") == [card("opt_out")]
    line.talk.clock.advance(minutes=5)
    assert await covered(line) == 0
    with pytest.raises(TellError, match="wants no more texts"):
        await say(line, ada, "Sorry to hear that.")
    assert await leave(line, ada) is False
    assert await line.text("ok") == []
    assert "Sorry" not in " ".join(got(line))


async def test_whoever_opted_out_while_staff_were_away_hears_nothing(line: Line, ada: StaffMember) -> None:
    await join(line, ada)
    await arrives(line, "Ana: ")
    await line.text("and how much is it")
    await line.text("please stop texting me")
    line.talk.clock.advance(minutes=5)
    before = len(got(line))
    await covered(line)
    await line.carrier.settle()
    assert len(got(line)) == before
    assert await line.count(WaitingAnswer) == 0


async def _states(line: Line, **values: object) -> None:
    async with line.talk.database.transaction() as session:
        await session.execute(update(Conversation).values(**values))


@pytest.mark.parametrize(
    ("values", "texts", "why"),
    [
        ({"opted_out_at": DAY}, TEXTS, "wants no more texts"),
        ({"blocked_at": DAY}, TEXTS, "network lets no text"),
        ({"last_inbound_at": datetime(2025, 11, 1, tzinfo=UTC)}, TEXTS, "90 days"),
        ({}, Texts(TEXTS.zone, "Texts are off."), "Texts are off."),
    ],
    ids=["opted out", "blocked", "silent", "off"],
)
async def test_whoever_cannot_be_texted_is_not_joined(
    line: Line, ada: StaffMember, values: dict[str, object], texts: Texts, why: str
) -> None:
    if values:
        await _states(line, **values)
    with pytest.raises(TellError, match=why):
        await join(line, ada, texts)
    row = await line.scalar(select(Conversation))
    assert row.held_by is None
    assert why in (hindrance(row, line.talk.ring, line.talk.clock.now(), texts) or "")
    assert await line.count(TextMessage) == 0


async def test_a_machine_is_not_joined(line: Line, ada: StaffMember) -> None:
    said = await write(
        line.talk.database, line.talk.ring, DAY, "code 123", Risk(), channel=Channel.SMS, sender="72345"
    )
    async with line.talk.database.transaction() as session:
        notice = cards().service("joined", Language.EN, Channel.SMS)
        with pytest.raises(TellError, match="takes no texts"):
            await joining.join(session, line.talk.ring, said.conversation, ada.id, "Ana", notice, DAY, TEXTS)


async def test_at_night_only_who_has_just_written_or_is_in_a_crisis_is_texted(
    line: Line, ada: StaffMember
) -> None:
    line.talk.clock.advance(hours=14)  # One in the morning.
    with pytest.raises(NightError, match="between 9 pm and 8 am"):
        await join(line, ada)
    await join(line, ada, override=True)
    assert await line.scalar(select(TextMessage.override)) == ada.id
    await arrives(line, "Ana: ")
    with pytest.raises(NightError):
        await say(line, ada, "Are you awake?")
    await line.text("i am awake")
    await say(line, ada, "So am I.")
    await arrives(line, "So am I.")
    line.talk.clock.advance(hours=2)
    await _states(line, level=Level.CRISIS, level_until=line.talk.clock.now().replace(year=2027))
    await say(line, ada, "Still there?")
    await arrives(line, "Still there?")


async def test_giving_back_at_night_is_told_in_the_morning(line: Line, ada: StaffMember) -> None:
    await join(line, ada)
    await arrives(line, "Ana: ")
    line.talk.clock.advance(hours=14)
    assert await leave(line, ada) is True
    row = await line.scalar(select(TextMessage).where(TextMessage.state == Delivery.RECORDED))
    assert row.due_at == datetime(2026, 3, 3, 13, tzinfo=UTC)
    assert (await line.scalar(select(Conversation))).held_by is None


async def test_a_text_of_staff_that_fails_in_a_crisis_pages(line: Line, ada: StaffMember) -> None:
    await join(line, ada)
    await arrives(line, "Ana: ")
    await _states(line, level=Level.CRISIS, level_until=line.talk.clock.now().replace(year=2027))
    line.carrier.faults.append(Fault(fails_with="30003"))
    await say(line, ada, "I am here.")

    async def paged() -> bool:
        return await line.count(Handoff, Handoff.reason == HandoffReason.CANNOT_TEXT_BACK) == 1

    async with asyncio.timeout(20):
        while not await paged():
            await asyncio.sleep(0.05)
    async with line.talk.database.reading() as session:
        said = await transcript(session, line.talk.ring, await line.conversation())
    assert (said.turns[-1].delivery, said.turns[-1].delivery_code) == (Delivery.FAILED, "30003")
    assert said.turns[-1].by_staff


async def test_the_page_sees_a_text_go_further_on_its_way(line: Line, ada: StaffMember) -> None:
    assert line.texter is not None
    line.texter.cancel()
    await join(line, ada)

    async def seen() -> tuple[str, tuple[Delivery | None, bool]]:
        async with line.talk.database.reading() as session:
            conversation = await line.conversation()
            last = (await transcript(session, line.talk.ring, conversation)).turns[-1]
            return await mark(session, conversation), (last.delivery, last.queued is not None)

    before, state = await seen()
    assert state == (Delivery.RECORDED, True)
    line.start_sending()
    await arrives(line, "Ana: ")
    after, state = await seen()
    assert state == (Delivery.DELIVERED, False)
    assert after != before


async def test_without_credentials_nobody_is_kept_silent(line: Line, ada: StaffMember) -> None:
    """They were taken away while somebody was in the conversation."""
    await join(line, ada)
    await arrives(line, "Ana: ")
    await line.text(OPENING)
    line.talk.clock.advance(minutes=4)
    await covered(line, off=True)
    last = await newest(line)
    assert (last.direction, last.delivery, last.delivery_code) == (
        Direction.OUTBOUND,
        Delivery.FAILED,
        TEXTS_OFF,
    )
    assert await line.scalar(select(Handoff.reason)) is HandoffReason.CANNOT_TEXT_BACK
    assert any("addictive" in text for text in await line.text(OPENING))


async def test_a_long_text_is_sent_in_parts_or_refused_with_how_much_is_too_much(
    line: Line, ada: StaffMember
) -> None:
    await join(line, ada)
    long = " ".join(f"Sentence number {place} of a long text." for place in range(20))
    await say(line, ada, long)
    await arrives(line, "(2/2) ")
    counted = length(long)
    assert (counted.messages, counted.segments, counted.plain, counted.over) == (2, 5, True, 0)
    before = await line.count(Turn)
    with pytest.raises(TellError, match=r"take out \d+ letters"):
        await say(line, ada, "word " * 390)
    assert await line.count(Turn) == before


def test_how_a_text_would_travel() -> None:
    assert length("Hello.").segments == 1
    assert length("a" * 161).segments == 2
    assert length("Más despacio").plain is False
    assert (length("á" * 71).segments, length("á" * 71).plain) == (2, False)
    assert length("word " * 390).over > 0
