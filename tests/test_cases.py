"""Cases that are no danger: a person asks to be called, or asks for a person; and danger beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from bot import calling_back, handoff
from bot.calling_back import BadNumberError, normalise, wanted
from bot.messages import Channel, EngineReply, Kind, Language, Level, Message, Reply, Risk, Utterance
from bot.replay import MOST_NUMBERS, PERSON_WANTED, replay
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import CallBack, Handoff, HandoffReason, Notification, Reason, StaffMember, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.talk import Talk, cards, content, kinds

NUMBER = "(407) 555-0142"
CRISIS = "i want to kill myself"
ASKED = EngineReply((Utterance(PERSON_WANTED),), "human_handoff", 0.9)


@pytest.fixture
async def talk(database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock) -> Talk:
    talk = Talk(database, ring, tmp_path, clock)
    await talk.greet()
    return talk


async def ask(
    talk: Talk, number: str = NUMBER, language: Language | None = None, *, limited: bool = False
) -> tuple[Reply, ...]:
    talk.clock.advance(seconds=5)
    message = Message(
        talk.conversation, Channel.WEB, number, uuid4().hex, talk.clock.now(), language=language
    )
    return (await talk.responder.request_call_back(message, limited=limited)).said


async def rows(talk: Talk, table: type[Any], *order: Any) -> list[Any]:
    async with talk.database.transaction() as session:
        return list(await session.scalars(select(table).order_by(*order)))


async def close(talk: Talk) -> None:
    async with talk.database.transaction() as session:
        member = StaffMember(
            login=uuid4().hex, name="A", role="clinician", password_hash="x", created_at=talk.clock.now()
        )
        session.add(member)
        await session.flush()
        row = await handoff.current(session, talk.conversation)
        assert row is not None
        await handoff.close(session, talk.ring, row.id, member.id, talk.clock.now())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("(407) 555-0142", "+14075550142"),
        ("407.555.0142", "+14075550142"),
        ("+1 407 555 0142", "+14075550142"),
        ("my cell is 4075550142", "+14075550142"),
        ("407-555-0142 ext. 7", "+14075550142;ext=7"),
        ("+34 612 345 678", "+34612345678"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, number: str) -> None:
    assert normalise(text) == number


@pytest.mark.parametrize(
    "text", ["", "soon", "911", "988", "555-0142", "1-900-555-0142", "1" * 500, "4075550142 " * 9]
)
def test_what_cannot_be_called_back_is_refused(text: str) -> None:
    with pytest.raises(BadNumberError):
        normalise(text)


async def test_a_request_is_a_case_that_staff_are_told_of(talk: Talk) -> None:
    [reply] = await ask(talk)
    assert reply.text == cards().service("call_back", Language.EN, Channel.WEB).text
    [case] = await rows(talk, Handoff)
    assert (case.reason, case.level, case.kind, case.closed_at) == (
        HandoffReason.CALL_BACK, Level.NONE, None, None,
    )  # fmt: skip
    [notification] = await rows(talk, Notification)
    assert (notification.reason, notification.level) == (Reason.CALL_BACK, Level.NONE)
    async with talk.database.transaction() as session:
        [kept] = await wanted(session, talk.ring, case.id)
    assert (kept.number, kept.consented_at) == ("+14075550142", talk.clock.now())
    [row] = await rows(talk, CallBack)
    assert b"4075550142" not in row.number


def test_r8_the_confirmation_promises_nobody() -> None:
    for language, channel in ((language, channel) for language in Language for channel in Channel):
        text = cards().service("call_back", language, channel).text.lower()
        for promise in ("will call", "is coming", "on the way", "le llamará", "en camino", "someone will"):
            assert promise not in text
        assert content().clinic.numbers["clinic_phone"].display in text


async def test_r27_a_spanish_request_is_confirmed_in_spanish(talk: Talk) -> None:
    [reply] = await ask(talk, language=Language.ES)
    assert reply.text == cards().service("call_back", Language.ES, Channel.WEB).text


async def test_the_same_number_again_is_the_same_request(talk: Talk) -> None:
    for number in (NUMBER, "407 555 0142", NUMBER):
        await ask(talk, number)
    assert len(await rows(talk, CallBack)) == len(await rows(talk, Notification)) == 1


async def test_another_number_is_told_and_a_case_takes_three(talk: Talk) -> None:
    for last in range(MOST_NUMBERS):
        assert (await ask(talk, f"407555014{last}"))[0].response == "card/call_back"
    assert (await ask(talk, "4075550149"))[0].response == "card/limited"
    assert len(await rows(talk, CallBack)) == len(await rows(talk, Notification)) == MOST_NUMBERS
    assert len(await rows(talk, Handoff)) == 1


async def test_after_staff_closed_it_the_same_number_is_a_new_case(talk: Talk) -> None:
    await ask(talk)
    await close(talk)
    await ask(talk)
    assert len(await rows(talk, Handoff)) == len(await rows(talk, CallBack)) == 2


async def test_a_request_joins_an_open_case_of_danger_which_keeps_its_reason(talk: Talk) -> None:
    await talk.say(CRISIS)
    await ask(talk)
    [case] = await rows(talk, Handoff)
    assert (case.reason, case.level) == (HandoffReason.RISK, Level.CRISIS)
    told = await rows(talk, Notification, Notification.created_at)
    assert [each.reason for each in told] == [Reason.OPENED, Reason.CALL_BACK]


async def test_danger_after_a_request_raises_the_case(talk: Talk) -> None:
    await ask(talk)
    assert kinds(await talk.say(CRISIS)) == ["crisis"]
    [case] = await rows(talk, Handoff)
    assert (case.reason, case.level, case.kind) == (HandoffReason.RISK, Level.CRISIS, Kind.SUICIDE)
    told = await rows(talk, Notification, Notification.created_at)
    assert [each.reason for each in told] == [Reason.CALL_BACK, Reason.RAISED]


async def test_r1_words_of_danger_in_the_field_get_the_card_and_the_number_is_kept(talk: Talk) -> None:
    assert kinds(await ask(talk, f"{CRISIS} {NUMBER}", limited=True)) == ["crisis"]
    [case] = await rows(talk, Handoff)
    assert case.level == Level.CRISIS
    assert len(await rows(talk, CallBack)) == 1


async def test_r1_words_of_danger_instead_of_a_number_get_the_card(talk: Talk) -> None:
    assert kinds(await ask(talk, CRISIS)) == ["crisis"]
    assert await rows(talk, CallBack) == []


async def test_other_words_instead_of_a_number_are_refused(talk: Talk) -> None:
    with pytest.raises(BadNumberError):
        await ask(talk, "whenever you like")
    assert await rows(talk, Handoff) == []


async def test_too_many_requests_are_answered_and_not_kept(talk: Talk) -> None:
    [reply] = await ask(talk, limited=True)
    assert reply.response == "card/limited"
    assert await rows(talk, CallBack) == []


async def test_without_a_database_it_goes_through_the_spool(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    talk = Talk(sqlite_database, ring, tmp_path, clock)
    assert sqlite_database.file is not None
    file, away = sqlite_database.file, sqlite_database.file.with_suffix(".away")
    file.rename(away)
    [reply] = await ask(talk)
    assert reply.response == "card/call_back"
    away.rename(file)
    for _ in range(2):
        await replay(talk.spool, sqlite_database, ring)
    assert len(await rows(talk, CallBack)) == len(await rows(talk, Notification)) == 1


async def test_when_it_can_be_kept_nowhere_it_says_so(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    talk = Talk(sqlite_database, ring, tmp_path, clock)
    assert sqlite_database.file is not None
    sqlite_database.file.unlink()
    (tmp_path / "spool").write_text("in the way", encoding="utf-8")
    [reply] = await ask(talk)
    assert reply.response == "card/not_saved"


async def test_asking_for_a_person_opens_a_case_below_crisis(talk: Talk) -> None:
    talk.engine.says = ASKED
    [reply] = await talk.say("can i talk to someone real")
    assert reply.response == PERSON_WANTED
    [case] = await rows(talk, Handoff)
    assert (case.reason, case.level) == (HandoffReason.ASKED_FOR_PERSON, Level.NONE)
    [notification] = await rows(talk, Notification)
    assert notification.reason == Reason.OPENED
    [turn] = [row for row in await rows(talk, Turn) if row.id == case.last_turn]
    assert turn.topic == "human_handoff"


async def test_asking_again_is_the_same_case_also_after_it_was_closed_until_the_next_day(talk: Talk) -> None:
    talk.engine.says = ASKED
    for _ in range(3):
        await talk.say("can i talk to someone real")
    assert len(await rows(talk, Handoff)) == len(await rows(talk, Notification)) == 1
    await close(talk)
    await talk.say("a human please")
    assert len(await rows(talk, Handoff)) == 1
    talk.clock.advance(hours=24)
    await talk.say("a human please")
    assert len(await rows(talk, Handoff)) == 2


async def test_asking_for_a_person_in_a_crisis_pages_nobody_again(talk: Talk) -> None:
    await talk.say(CRISIS)
    talk.engine.says = ASKED
    await talk.say("a human please")
    assert len(await rows(talk, Handoff)) == len(await rows(talk, Notification)) == 1


async def test_cases_of_other_reasons_can_be_of_any_level(talk: Talk, clock: HandClock) -> None:
    await talk.say("hello")
    danger = Risk(level=Level.CRISIS, kind=Kind.SUICIDE)
    turn = uuid4()
    for _ in range(2):
        async with talk.database.transaction() as session:
            await handoff.open_case(
                session, talk.conversation, HandoffReason.FOUND_IN_REVIEW, turn, clock.now(), risk=danger
            )
    [case] = await rows(talk, Handoff)
    assert (case.reason, case.level, case.count) == (HandoffReason.FOUND_IN_REVIEW, Level.CRISIS, 1)
    async with talk.database.transaction() as session:
        await handoff.open_case(
            session, talk.conversation, HandoffReason.CANNOT_TEXT_BACK, uuid4(), clock.now(), risk=danger
        )
        assert await session.scalar(select(func.count()).select_from(Notification)) == 2


def test_a_slow_database_is_waited_for_less_than_a_turn() -> None:
    assert (calling_back.STORE_DEADLINE + calling_back.SPOOL_DEADLINE).total_seconds() < 1
