"""Conversations and turns, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from bot.messages import Channel, EngineReply, Kind, Language, Level, PastTurn, ReplyKind, Risk
from bot.transcripts import conversations, standings, turns
from bot.transcripts.database import Database, RefusedError
from bot.transcripts.encryption import DecryptionError, KeyRing, make_key
from bot.transcripts.entries import AcceptedEntry, RecordedEntry
from bot.transcripts.placing import Place
from bot.transcripts.standings import STICKY, Standing
from bot.transcripts.tables import Delivery, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import (
    ANSWER,
    CONCERN,
    CRISIS,
    DISCLOSURE,
    EMERGENCY,
    accepted,
    message,
    recorded,
)


async def add(database: Database, ring: KeyRing, entry: AcceptedEntry) -> AcceptedEntry:
    async with database.transaction() as session:
        await turns.add_inbound(
            session, ring, entry.turn, entry.message, risk=entry.risk, language=entry.language
        )
    return entry


async def record(database: Database, ring: KeyRing, entry: RecordedEntry) -> tuple[UUID, ...]:
    async with database.transaction() as session:
        return await turns.record_outbound(session, ring, entry)


async def standing(database: Database, ring: KeyRing, conversation: UUID, clock: HandClock) -> Standing:
    async with database.transaction() as session:
        return await standings.standing(session, ring, conversation, clock.now())


async def test_an_unknown_conversation_has_an_empty_standing(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    assert await standing(database, ring, uuid4(), clock) == Standing()


async def test_a_first_message_makes_its_conversation(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    entry = await add(database, ring, accepted(message(clock.now(), "is it safe")))
    assert await standing(database, ring, entry.message.conversation, clock) == Standing(
        language=Language.EN,
        chat_started_at=clock.now(),
        last_inbound_at=clock.now(),
        history=(PastTurn("is it safe", clock.now()),),
    )


async def test_opening_twice_keeps_the_first(database: Database, ring: KeyRing, clock: HandClock) -> None:
    conversation, start = uuid4(), clock.now()
    async with database.transaction() as session:
        await conversations.open_conversation(
            session, conversation, Channel.WEB, Language.ES, start, disclosed_at=start
        )
    clock.advance(hours=1)
    async with database.transaction() as session:
        await conversations.open_conversation(session, conversation, Channel.WEB, Language.EN, clock.now())
    state = await standing(database, ring, conversation, clock)
    assert (state.language, state.disclosed_at) == (Language.ES, start)


async def test_history_is_the_last_ten_turns_of_both_sides_in_order(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    conversation = uuid4()
    for number in range(7):
        clock.advance(minutes=1)
        entry = accepted(message(clock.now(), f"question {number}", conversation=conversation))
        await add(database, ring, entry)
        await record(database, ring, recorded(entry, ANSWER, at=clock.now()))
    history = (await standing(database, ring, conversation, clock)).history
    assert len(history) == standings.HISTORY
    assert [turn.text for turn in history if turn.kind is None] == [f"question {n}" for n in range(2, 7)]
    assert [turn.kind for turn in history] == [None, ReplyKind.ANSWER] * 5
    assert {turn.text for turn in history if turn.kind} == {ANSWER.text}


async def test_a_chat_starts_anew_after_three_quiet_hours(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    conversation = uuid4()
    starts = []
    for pause in ({"hours": 0}, {"hours": 2, "minutes": 59}, {"hours": 3}):
        clock.advance(**pause)
        await add(database, ring, accepted(message(clock.now(), conversation=conversation)))
        starts.append((await standing(database, ring, conversation, clock)).chat_started_at)
    assert starts == [starts[0], starts[0], clock.now()]


async def test_r15_an_external_id_is_stored_once_a_channel(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await add(database, ring, accepted(message(clock.now(), external_id="SM1")))
    with pytest.raises(RefusedError):
        await add(database, ring, accepted(message(clock.now(), external_id="SM1")))
    await add(database, ring, accepted(message(clock.now(), external_id="SM1", channel=Channel.SMS)))


async def test_a_retry_finds_exactly_the_replies_that_went_out(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    entry = await add(database, ring, accepted(message(clock.now(), "hi", external_id="c1")))
    async with database.transaction() as session:
        assert await turns.find_retry(session, ring, Channel.WEB, "c2") is None
        assert await turns.find_retry(session, ring, Channel.SMS, "c1") is None
        before = await turns.find_retry(session, ring, Channel.WEB, "c1")
    at = Place(entry.turn, 1, clock.now())
    assert before == turns.Retry(entry.turn, entry.message.conversation, "hi", None, (at,))
    await record(database, ring, recorded(entry, DISCLOSURE, ANSWER))
    async with database.transaction() as session:
        after = await turns.find_retry(session, ring, Channel.WEB, "c1")
    assert after is not None
    assert after.replies == (DISCLOSURE, ANSWER)


async def test_silence_is_an_answer(database: Database, ring: KeyRing, clock: HandClock) -> None:
    entry = await add(database, ring, accepted(message(clock.now(), external_id="c1")))
    assert await record(database, ring, recorded(entry)) == ()
    async with database.transaction() as session:
        retry = await turns.find_retry(session, ring, Channel.WEB, "c1")
    assert retry is not None
    assert retry.replies == ()


async def test_an_answer_is_recorded_once_and_the_first_stands(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    entry = await add(database, ring, accepted(message(clock.now()), CRISIS))
    first = await record(database, ring, recorded(entry, DISCLOSURE, ANSWER))
    again = await record(database, ring, recorded(entry, DISCLOSURE, DISCLOSURE))
    assert first == again == (turns.outbound_id(entry.turn, 0), turns.outbound_id(entry.turn, 1))
    async with database.transaction() as session:
        inbound = await session.get_one(Turn, entry.turn)
        replies = list(
            await session.scalars(select(Turn).where(Turn.reply_to == entry.turn).order_by(Turn.seq))
        )
    assert [reply.id for reply in replies] == list(first)
    assert [reply.reply_kind for reply in replies] == [ReplyKind.DISCLOSURE, ReplyKind.ANSWER]
    assert [reply.delivery for reply in replies] == [Delivery.RECORDED] * 2
    assert (replies[1].response, replies[1].content_hash) == (ANSWER.response, ANSWER.content_hash)
    assert inbound.risk is not None
    assert Risk.from_json(inbound.risk) == CRISIS
    assert (inbound.level, inbound.topic, inbound.confidence, inbound.latency_ms) == (
        Level.CRISIS, "what_is_ketamine", 0.83, 42,
    )  # fmt: skip
    assert inbound.candidates == [
        {"topic": "what_is_ketamine", "confidence": 0.83},
        {"topic": "risks", "confidence": 0.1},
    ]
    assert inbound.failed_actions == ["action_areas_served"]


async def test_an_answer_to_an_unknown_turn_is_refused(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    with pytest.raises(turns.UnknownTurnError):
        await record(database, ring, recorded(accepted(message(clock.now())), ANSWER))


async def test_a_disclosure_is_remembered(database: Database, ring: KeyRing, clock: HandClock) -> None:
    entry = await add(database, ring, accepted(message(clock.now())))
    clock.advance(seconds=1)
    await record(database, ring, recorded(entry, ANSWER, at=clock.now()))
    conversation = entry.message.conversation
    assert (await standing(database, ring, conversation, clock)).disclosed_at is None
    second = await add(database, ring, accepted(message(clock.now(), conversation=conversation)))
    await record(database, ring, recorded(second, DISCLOSURE, ANSWER, at=clock.now()))
    assert (await standing(database, ring, conversation, clock)).disclosed_at == clock.now()


async def test_opting_out_and_in(database: Database, ring: KeyRing, clock: HandClock) -> None:
    entry = await add(database, ring, accepted(message(clock.now(), channel=Channel.SMS)))
    conversation = entry.message.conversation
    for at, expected in ((clock.now(), True), (None, False)):
        async with database.transaction() as session:
            await conversations.set_opted_out(session, conversation, at)
        assert (await standing(database, ring, conversation, clock)).opted_out is expected


async def hold(database: Database, conversation: UUID, risk: Risk, clock: HandClock) -> None:
    async with database.transaction() as session:
        await standings.hold_sticky(session, conversation, risk, clock.now())


@pytest.mark.parametrize(
    ("first", "second", "level", "kind", "hours_from_second"),
    [
        (CRISIS, EMERGENCY, Level.EMERGENCY, Kind.OVERDOSE, 24),
        (EMERGENCY, CRISIS, Level.EMERGENCY, Kind.OVERDOSE, 24),
        (CRISIS, CONCERN, Level.CRISIS, Kind.SUICIDE, 14),
        (CRISIS, Risk(), Level.CRISIS, Kind.SUICIDE, 14),
        (CONCERN, CRISIS, Level.CRISIS, Kind.SUICIDE, 24),
        (CONCERN, CONCERN, Level.CONCERN, Kind.DISTRESS, 24),
        (CONCERN, Risk(), Level.CONCERN, Kind.DISTRESS, 14),
    ],
)
async def test_r6_a_crisis_state_never_falls_and_lasts_24_hours_after_the_last_crisis(
    database: Database,
    ring: KeyRing,
    clock: HandClock,
    first: Risk,
    second: Risk,
    level: Level,
    kind: Kind,
    hours_from_second: int,
) -> None:
    entry = await add(database, ring, accepted(message(clock.now())))
    conversation = entry.message.conversation
    await hold(database, conversation, first, clock)
    clock.advance(hours=10)
    await hold(database, conversation, second, clock)
    state = await standing(database, ring, conversation, clock)
    assert (state.level, state.kind) == (level, kind)
    assert state.level_until == clock.now() + timedelta(hours=hours_from_second)
    clock.advance(hours=hours_from_second, microseconds=-1)
    assert (await standing(database, ring, conversation, clock)).level is level
    clock.advance(microseconds=1)
    over = await standing(database, ring, conversation, clock)
    assert (over.level, over.kind, over.level_until) == (Level.NONE, None, None)


async def test_after_a_crisis_state_is_over_concern_counts_again(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    entry = await add(database, ring, accepted(message(clock.now())))
    await hold(database, entry.message.conversation, EMERGENCY, clock)
    clock.advance(hours=25)
    await hold(database, entry.message.conversation, CONCERN, clock)
    state = await standing(database, ring, entry.message.conversation, clock)
    assert (state.level, state.kind) == (Level.CONCERN, Kind.DISTRESS)


async def test_a_replayed_older_crisis_shortens_nothing(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    earlier = clock.now() - timedelta(hours=5)
    entry = await add(database, ring, accepted(message(clock.now())))
    conversation = entry.message.conversation
    await hold(database, conversation, CRISIS, clock)
    await add(database, ring, accepted(message(earlier, conversation=conversation)))
    async with database.transaction() as session:
        await standings.hold_sticky(session, conversation, CRISIS, earlier)
    state = await standing(database, ring, conversation, clock)
    assert state.level_until == clock.now() + STICKY
    assert state.last_inbound_at == clock.now()
    assert [turn.at for turn in state.history] == [earlier, clock.now()]


async def test_a_crisis_state_needs_its_conversation(database: Database, clock: HandClock) -> None:
    with pytest.raises(conversations.UnknownConversationError):
        await hold(database, uuid4(), CRISIS, clock)


async def test_a_phone_number_is_found_again_after_a_key_rotation(
    database: Database, clock: HandClock
) -> None:
    old, new = make_key(), make_key()
    before, rotated = KeyRing([old]), KeyRing([new, old])
    number = "+15550123"
    entry = await add(database, before, accepted(message(clock.now(), channel=Channel.SMS, sender=number)))
    conversation = entry.message.conversation
    async with database.transaction() as session:
        assert await conversations.conversation_of(session, rotated, number, clock.now()) == conversation
        other = await conversations.conversation_of(session, rotated, "+15550124", clock.now())
        assert other == conversations.new_conversation(rotated, "+15550124") != conversation
    again = message(clock.now(), conversation=conversation, channel=Channel.SMS, sender=number)
    await add(database, rotated, accepted(again))
    async with database.transaction() as session:
        assert (
            await conversations.conversation_of(session, KeyRing([new]), number, clock.now()) == conversation
        )


async def test_a_number_that_was_silent_for_long_may_be_somebody_elses(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    number = "+15550123"
    first = message(clock.now(), channel=Channel.SMS, sender=number)
    await add(database, ring, accepted(first))
    async with database.transaction() as session:
        at_89_days = await conversations.conversation_of(
            session, ring, number, clock.now() + timedelta(days=89)
        )
        at_91_days = await conversations.conversation_of(
            session, ring, number, clock.now() + timedelta(days=91)
        )
    assert at_89_days == first.conversation
    assert at_91_days == conversations.new_conversation(ring, number, before=1) != first.conversation


async def test_what_was_written_does_not_open_with_another_key(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    entry = await add(database, ring, accepted(message(clock.now())))
    with pytest.raises(DecryptionError):
        await standing(database, KeyRing([make_key()]), entry.message.conversation, clock)


async def test_an_engine_that_said_nothing_of_use_is_recorded_as_that(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    entry = await add(database, ring, accepted(message(clock.now())))
    await record(database, ring, replace(recorded(entry, ANSWER), understood=EngineReply()))
    async with database.transaction() as session:
        turn = await session.get_one(Turn, entry.turn)
    assert (turn.topic, turn.confidence, turn.candidates, turn.failed_actions) == (None, 0.0, [], [])
