"""Cases on both databases: order, taking, holds, notes, closing; and what a queue may show."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from bot.cases import queue, work
from bot.cases.case import Case, Sign
from bot.cases.history import history, sendings
from bot.cases.masking import mask_number, mask_numbers
from bot.cases.transcript import highlight, transcript
from bot.messages import Channel, Cue, Kind, Level, Risk
from bot.replay import store
from bot.transcripts import standings
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import CaseAct, Handoff, Outcome, StaffMember
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, EMERGENCY, add_member, write
from tests.fixtures.examples import accepted, message


@pytest.fixture
async def ada(database: Database, ring: KeyRing, clock: HandClock) -> StaffMember:
    return await add_member(database, ring, clock.now())


@pytest.fixture
async def ben(database: Database, ring: KeyRing, clock: HandClock) -> StaffMember:
    return await add_member(database, ring, clock.now(), login="ben")


async def listed(database: Database, ring: KeyRing, clock: HandClock) -> list[Case]:
    async with database.reading() as session:
        return await queue.open_cases(session, ring, clock.now())


async def take(
    database: Database, ring: KeyRing, clock: HandClock, case: UUID, staff: UUID, why: str = ""
) -> work.Taken:
    async with database.transaction() as session:
        return await work.take(session, ring, case, staff, clock.now(), why=why)


async def acts(database: Database, ring: KeyRing, case: UUID) -> list[str]:
    async with database.reading() as session:
        return [line.what for line in await history(session, ring, case)]


async def test_the_most_urgent_comes_first_then_who_waits_longest(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember
) -> None:
    order = []
    for risk in (CRISIS, EMERGENCY, CRISIS, EMERGENCY):
        order.append((await write(database, ring, clock.now(), risk=risk)).conversation)
        clock.advance(minutes=1)
    cases = await listed(database, ring, clock)
    assert [case.conversation for case in cases] == [order[1], order[3], order[0], order[2]]
    await take(database, ring, clock, cases[0].id, ada.id)
    again = await listed(database, ring, clock)
    assert [case.conversation for case in again] == [order[3], order[0], order[2], order[1]]
    assert [case.holder_name for case in again] == [None, None, None, "Ada"]


async def test_a_line_of_the_queue_holds_no_word_and_no_number(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    risk = Risk(
        level=Level.CRISIS,
        kind=Kind.SUICIDE,
        cues=(Cue("suicide.act_on_self", 0, 6, Level.CRISIS, Kind.SUICIDE),),
    )
    await write(database, ring, clock.now(), "quartz", risk, channel=Channel.SMS, sender="+14075550142")
    [case] = await listed(database, ring, clock)
    assert case.contacts == ("+•••••••••42",)
    assert case.sign == Sign("suicide", "act on self")
    shown = json.dumps(asdict(case), default=str)
    assert "quartz" not in shown
    assert "555" not in shown


async def test_a_flood_of_a_thousand_messages_is_one_case_with_a_count(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    conversation = uuid4()
    for _ in range(20):
        async with database.transaction() as session:
            for _ in range(50):
                said = message(clock.now(), "i want to die", conversation=conversation)
                await store(session, ring, accepted(said, CRISIS))
    [case] = await listed(database, ring, clock)
    assert case.count == 1_000


async def test_of_many_who_take_a_case_one_wins_and_the_others_read_who(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    racers = [
        (await add_member(database, ring, clock.now(), login=f"racer{number}")).id for number in range(12)
    ]

    async def race(staff: UUID) -> work.Taken:
        while True:
            try:
                return await take(database, ring, clock, case.id, staff)
            except StorageError:  # The lock was waited for too long: the page tries again too.
                continue

    results = await asyncio.gather(*(race(staff) for staff in racers))
    winners = [taken for taken in results if taken.won]
    assert len(winners) == 1
    assert {taken.holder_name for taken in results} == {winners[0].holder_name}
    assert (await acts(database, ring, case.id)).count("taken") == 1


async def test_two_who_take_the_next_get_two_different_people(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember, ben: StaffMember
) -> None:
    for _ in range(2):
        await write(database, ring, clock.now())

    async def next_for(staff: UUID) -> UUID | None:
        async with database.transaction() as session:
            return await work.take_next(session, ring, staff, clock.now())

    got = await asyncio.gather(next_for(ada.id), next_for(ben.id))
    assert None not in got
    assert got[0] != got[1]
    assert await next_for(ada.id) is None


async def test_passing_over_somebody_asks_why(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember
) -> None:
    await write(database, ring, clock.now(), risk=EMERGENCY)
    await write(database, ring, clock.now())
    second = (await listed(database, ring, clock))[1]
    with pytest.raises(work.NeedsReasonError):
        await take(database, ring, clock, second.id, ada.id)
    assert (await take(database, ring, clock, second.id, ada.id, "speaks Spanish")).won
    async with database.reading() as session:
        line = (await history(session, ring, second.id))[-1]
        assert (line.what, line.who, line.text) == ("taken", "Ada", "speaks Spanish")


async def test_a_hold_lapses_after_ten_idle_minutes(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember, ben: StaffMember
) -> None:
    await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    await take(database, ring, clock, case.id, ada.id)
    clock.advance(minutes=9)
    async with database.transaction() as session:
        await work.seen_working(session, case.id, ada.id, clock.now())
        await work.seen_working(session, case.id, ben.id, clock.now())
    clock.advance(minutes=9)
    assert (await listed(database, ring, clock))[0].holder_name == "Ada"
    clock.advance(minutes=1)
    # Nobody has swept yet, and it waits all the same.
    assert (await listed(database, ring, clock))[0].waits
    async with database.transaction() as session:
        assert await work.lapse_all(session, clock.now()) == 1
        assert await work.lapse_all(session, clock.now()) == 0
    [lapsed] = await listed(database, ring, clock)
    assert lapsed.waiting_since == clock.now()
    assert (await take(database, ring, clock, case.id, ben.id)).won
    assert await acts(database, ring, case.id) == ["opened", "taken", "lapsed", "taken"]


async def test_on_the_phone_a_hold_lasts_longer(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember, ben: StaffMember
) -> None:
    await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    await take(database, ring, clock, case.id, ada.id)
    async with database.transaction() as session:
        await work.keep(session, ring, case.id, ada.id, clock.now(), work.ON_THE_PHONE)
    clock.advance(minutes=29)
    assert (await listed(database, ring, clock))[0].holder_name == "Ada"
    with pytest.raises(work.CaseError, match="Ada has this case"):
        async with database.transaction() as session:
            await work.keep(session, ring, case.id, ben.id, clock.now(), work.HOLD)


async def test_releasing_gives_it_back_with_a_fresh_clock(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember
) -> None:
    await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    await take(database, ring, clock, case.id, ada.id)
    clock.advance(minutes=3)
    async with database.transaction() as session:
        await work.release(session, ring, case.id, ada.id, clock.now(), why="end of shift")
    [back] = await listed(database, ring, clock)
    assert (back.waits, back.waiting_since) == (True, clock.now())


async def test_closing_demands_that_nobody_else_has_it_and_ends_the_crisis_state(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember, ben: StaffMember
) -> None:
    said = await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    await take(database, ring, clock, case.id, ada.id)
    with pytest.raises(work.CaseError, match="Ada"):
        async with database.transaction() as session:
            await work.close(session, ring, case.id, ben.id, clock.now(), Outcome.REACHED)
    async with database.transaction() as session:
        await work.close(session, ring, case.id, ada.id, clock.now(), Outcome.REACHED, remark="safe at home")
    async with database.transaction() as session:
        assert (await standings.standing(session, ring, said.conversation, clock.now())).level is Level.NONE
        [closed] = await queue.closed_cases(session, ring, clock.now())
    assert (closed.result, closed.closed_at) == (Outcome.REACHED, clock.now())
    assert await listed(database, ring, clock) == []


async def test_a_new_crisis_after_closing_is_an_open_case_again(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember
) -> None:
    said = await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    async with database.transaction() as session:
        await work.close(session, ring, case.id, ada.id, clock.now(), Outcome.FALSE_ALARM)
    clock.advance(minutes=1)
    await write(database, ring, clock.now(), conversation=said.conversation)
    [again] = await listed(database, ring, clock)
    assert again.waits
    with pytest.raises(work.CaseError, match="newer case"):
        async with database.transaction() as session:
            await work.reopen(session, ring, case.id, ada.id, clock.now(), why="mistake")
    async with database.reading() as session:
        both = await queue.cases_of(session, ring, said.conversation, clock.now())
    assert [row.id for row in both] == [again.id, case.id]


async def test_reopening_brings_the_case_and_the_crisis_state_back(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember
) -> None:
    said = await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    async with database.transaction() as session:
        await work.close(session, ring, case.id, ada.id, clock.now(), Outcome.FALSE_ALARM)
    with pytest.raises(work.CaseError, match="why"):
        async with database.transaction() as session:
            await work.reopen(session, ring, case.id, ada.id, clock.now(), why=" ")
    async with database.transaction() as session:
        await work.reopen(session, ring, case.id, ada.id, clock.now(), why="closed the wrong one")
        assert (await standings.standing(session, ring, said.conversation, clock.now())).level is Level.CRISIS
    [back] = await listed(database, ring, clock)
    assert (back.holder_name, back.result) == ("Ada", None)


async def test_a_note_is_encrypted_and_tells_whom_it_mentions(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember, ben: StaffMember
) -> None:
    await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    async with database.transaction() as session:
        told = await work.note(
            session, ring, case.id, ada.id, clock.now(), "@ben quartz, mail a@nobody.example"
        )
    assert told == ("Ben",)
    async with database.transaction() as session:
        assert await work.mentions_of(session, ben.id) == [case.id]
        await work.mentions_seen(session, case.id, ben.id, clock.now())
        assert await work.mentions_of(session, ben.id) == []
        raw = await session.scalar(select(func.max(Handoff.count)))
        [line] = [line for line in await history(session, ring, case.id) if line.what == CaseAct.NOTED]
    assert raw == 1
    assert line.text.startswith("@ben quartz")
    with pytest.raises(work.CaseError):
        async with database.transaction() as session:
            await work.note(session, ring, case.id, ada.id, clock.now(), "  ")


async def test_nothing_can_be_done_with_a_case_that_is_not_there(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember
) -> None:
    said = await write(database, ring, clock.now())
    for unknown in (said.conversation, ada.id):
        with pytest.raises(work.CaseError, match="no such case"):
            await take(database, ring, clock, unknown, ada.id)


async def test_the_transcript_shows_the_cue_in_its_words_and_masks_numbers(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    words = "call 407-555-0142, i want to die"
    start = words.index("want to die")
    risk = Risk(
        level=Level.CRISIS,
        kind=Kind.SUICIDE,
        cues=(Cue("suicide.wish", start, len(words), Level.CRISIS, Kind.SUICIDE),),
    )
    said = await write(database, ring, clock.now(), words, risk)
    async with database.reading() as session:
        page = await transcript(session, ring, said.conversation)
        open_ = await transcript(session, ring, said.conversation, reveal=True)
    [turn] = page.turns
    assert [(piece.text, piece.rules) for piece in turn.pieces] == [
        ("call •••-•••-••42, i ", ()),
        ("want to die", ("suicide.wish",)),
    ]
    assert "".join(piece.text for piece in open_.turns[0].pieces) == words


async def test_a_long_transcript_comes_in_pages_the_last_one_first(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    said = await write(database, ring, clock.now())
    for _ in range(6):
        await write(database, ring, clock.now(), conversation=said.conversation)
    async with database.reading() as session:
        last = await transcript(session, ring, said.conversation, limit=3)
        before = await transcript(session, ring, said.conversation, limit=3, before=last.turns[0].seq)
    assert [turn.seq for turn in last.turns] == [5, 6, 7]
    assert (last.total, last.earlier) == (7, 4)
    assert [turn.seq for turn in before.turns] == [2, 3, 4]


async def test_without_a_worker_nothing_has_been_sent(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await write(database, ring, clock.now())
    [case] = await listed(database, ring, clock)
    async with database.reading() as session:
        assert await sendings(session, case.id) == []
        assert await queue.count_open(session, clock.now() + timedelta(1)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+1 (407) 555-0142", "+• (•••) •••-••42"),
        ("4075550142", "••••••••42"),
        ("took 20 pills at 3", "took 20 pills at 3"),
        ("988 or 911", "988 or 911"),
        ("2026-03-02 is a date", "••••-••-02 is a date"),
    ],
)
def test_masking_keeps_the_length(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked
    assert len(masked) == len(text)


def test_a_short_number_is_masked_too() -> None:
    assert mask_number("+15550100") == "+••••••00"


def test_overlapping_cues_are_all_named() -> None:
    cues = (
        Cue("a.one", 0, 4, Level.CONCERN, Kind.DISTRESS),
        Cue("b.two", 2, 6, Level.CRISIS, Kind.SUICIDE),
        Cue("c.before", 0, 3, Level.CRISIS, Kind.SUICIDE, turns_ago=1),
        Cue("d.damaged", 4, 99, Level.CRISIS, Kind.SUICIDE),
    )
    pieces = highlight("abcdefgh", cues)
    assert [(piece.text, piece.rules, piece.level) for piece in pieces] == [
        ("ab", ("a.one",), Level.CONCERN),
        ("cd", ("a.one", "b.two"), Level.CRISIS),
        ("ef", ("b.two",), Level.CRISIS),
        ("gh", (), Level.NONE),
    ]
    assert highlight("", ())[0].text == ""
