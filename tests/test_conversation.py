"""The way of a message: its five steps, the guarantee, retries, the crisis state, every failure."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.messages import (
    Candidate,
    Channel,
    EngineReply,
    EngineUnavailableError,
    Language,
    Level,
    PastTurn,
    Risk,
    Utterance,
)
from bot.replay import replay
from bot.risk import Screener
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Direction, Handoff, Notification, StaffMember, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.talk import Talk, cards, content, kinds

CRISIS = "i want to kill myself"


@pytest.fixture
async def talk(sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock) -> Talk:
    talk = Talk(sqlite_database, ring, tmp_path, clock)
    await talk.greet()
    return talk


async def scalar(talk: Talk, query: Any) -> Any:
    async with talk.database.transaction() as session:
        return await session.scalar(query)


async def count(talk: Talk, table: type[Any], *where: Any) -> int:
    return int(await scalar(talk, select(func.count()).select_from(table).where(*where)))


def inbound(talk: Talk) -> Any:
    return Turn.conversation_id == talk.conversation, Turn.direction == Direction.INBOUND


async def test_greeting_opens_the_conversation_and_discloses(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    talk = Talk(sqlite_database, ring, tmp_path, clock)
    assert kinds(await talk.greet()) == ["disclosure", "answer"]
    assert await scalar(talk, select(Conversation.disclosed_at)) == clock.now()
    assert kinds(await talk.say("is it addictive")) == ["answer"]


async def test_a_first_message_without_greeting_is_told_what_this_is(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    talk = Talk(sqlite_database, ring, tmp_path, clock)
    assert kinds(await talk.say("is it addictive", channel=Channel.SMS)) == ["disclosure", "answer"]
    assert kinds(await talk.say("is it addictive", channel=Channel.SMS)) == ["answer"]


async def test_the_disclosure_comes_again_after_three_hours_of_chat(talk: Talk) -> None:
    for _ in range(3):
        talk.clock.advance(hours=1)
        last = await talk.say("is it addictive")
    assert kinds(last) == ["disclosure", "answer"]


async def test_an_answer_is_curated_and_stored_with_what_was_understood(talk: Talk) -> None:
    (reply,) = await talk.say("is it addictive")
    assert reply == content().reply("utter_faq/is_addictive", Language.EN, Channel.WEB)
    async with talk.database.transaction() as session:
        turn = (await session.scalars(select(Turn).where(*inbound(talk)))).one()
    assert (turn.topic, turn.confidence, turn.level) == ("is_addictive", 0.9, Level.NONE)
    assert turn.latency_ms is not None
    assert await count(talk, Turn, Turn.reply_to == turn.id) == 1


async def test_the_language_is_that_of_the_words_then_of_the_page_then_of_before(talk: Talk) -> None:
    async def language(text: str, asked: Language | None = None) -> Language:
        return (await talk.say(text, language=asked))[-1].language

    assert await language("¿la ketamina crea adicción en las personas?") is Language.ES
    assert await language("k?") is Language.ES
    assert await language("k?", Language.EN) is Language.EN
    assert await language("what are the risks of ketamine", Language.ES) is Language.EN


async def test_a_crisis_gets_exactly_its_card_without_waiting_for_the_engine(talk: Talk) -> None:
    talk.engine.takes_seconds = 60
    began = time.monotonic()
    replies = await talk.say(CRISIS)
    assert time.monotonic() - began < 1
    risk = talk.engine.heard[0][1]
    assert risk.level is Level.CRISIS
    assert replies == cards().crisis(risk, Language.EN, Channel.WEB)
    assert await count(talk, Handoff) == 1
    assert await count(talk, Notification) == 1


async def test_the_engine_hears_of_a_crisis_and_its_reply_is_dropped(talk: Talk) -> None:
    assert kinds(await talk.say(CRISIS)) == ["crisis"]
    await talk.responder.drain()
    assert [heard[0].text for heard in talk.engine.heard] == [CRISIS]


async def test_an_engine_that_cannot_hear_changes_nothing(talk: Talk) -> None:
    talk.engine.says = EngineUnavailableError("loading")
    assert kinds(await talk.say(CRISIS)) == ["crisis"]
    await talk.responder.drain()
    assert talk.engine.heard


async def test_a_disclosure_that_is_due_waits_for_the_crisis_to_pass(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    talk = Talk(sqlite_database, ring, tmp_path, clock)
    assert kinds(await talk.say(CRISIS)) == ["crisis"]
    assert kinds(await talk.say("is it addictive")) == ["disclosure", "answer"]


async def test_concern_gets_a_check_in_before_the_answer_and_no_hand_off(talk: Talk) -> None:
    replies = await talk.say("i feel so hopeless lately. is ketamine addictive")
    assert kinds(replies) == ["check_in", "answer"]
    assert await count(talk, Handoff) == 0
    assert await scalar(talk, select(Conversation.level)) is Level.CONCERN


async def test_concern_replaces_a_decline_and_puts_a_due_disclosure_last(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    talk = Talk(sqlite_database, ring, tmp_path, clock)
    talk.engine.says = EngineReply((Utterance("utter_out_of_scope"),))
    assert kinds(await talk.say("i feel so hopeless lately")) == ["check_in", "disclosure"]


async def test_what_only_the_classifier_takes_for_danger_is_asked_about(talk: Talk) -> None:
    talk.engine.says = EngineReply((), topic="crisis", confidence=0.7)
    assert kinds(await talk.say("the weather is odd today")) == ["check_in"]
    assert kinds(await talk.say("i feel so hopeless lately")) == ["check_in"]


async def test_concern_without_the_engine_is_a_check_in(talk: Talk) -> None:
    talk.engine.says = EngineUnavailableError("loading")
    assert kinds(await talk.say("i feel so hopeless lately")) == ["check_in"]


async def test_the_line_stays_in_view_while_a_crisis_state_lasts(talk: Talk) -> None:
    await talk.say(CRISIS)
    (reply,) = await talk.say("is it addictive")
    curated = content().reply("utter_faq/is_addictive", Language.EN, Channel.WEB)
    assert reply == cards().with_reminder(curated, Level.CRISIS, Channel.WEB)
    assert "988" in reply.text
    talk.clock.advance(hours=25)
    (reply,) = [said for said in await talk.say("is it addictive") if said.kind.value == "answer"]
    assert reply.text == curated.text


async def test_small_talk_and_declines_give_way_to_a_check_in_in_a_crisis_state(talk: Talk) -> None:
    await talk.say(CRISIS)
    for name in ("utter_smalltalk/thanks", "utter_out_of_scope"):
        talk.engine.says = EngineReply((Utterance(name),))
        assert kinds(await talk.say("ok thanks")) == ["check_in"]
    assert await count(talk, Handoff, Handoff.closed_at.is_(None)) == 1


async def test_a_service_text_needs_no_reminder(talk: Talk) -> None:
    await talk.say(CRISIS)
    assert await talk.say("x" * 5000) == (cards().service("too_long", Language.EN, Channel.WEB),)


async def test_the_crisis_state_outlives_a_restart(talk: Talk) -> None:
    await talk.say(CRISIS)
    talk.forget()
    (reply,) = await talk.say("is it addictive")
    assert "988" in reply.text


async def test_the_last_turns_are_read_again_when_memory_lacks_them(talk: Talk) -> None:
    """An answer to our own question means what it answers, also after a restart."""
    assert kinds(await talk.say("i feel so hopeless lately")) == ["check_in", "answer"]
    talk.forget()
    replies = await talk.say("yes")
    assert kinds(replies) == ["crisis"]


async def test_a_retry_gets_the_same_replies_and_is_stored_once(talk: Talk) -> None:
    first = await talk.say("is it addictive", id_="a")
    heard = len(talk.engine.heard)
    talk.forget()
    assert await talk.say("is it addictive", id_="a") == first
    assert len(talk.engine.heard) == heard
    assert await count(talk, Turn, *inbound(talk)) == 1


async def test_a_retry_in_flight_waits_for_the_same_answer(talk: Talk) -> None:
    talk.engine.takes_seconds = 0.1
    first, second = await asyncio.gather(
        talk.say("is it addictive", id_="a"), talk.say("is it addictive", id_="a")
    )
    assert first == second
    assert len(talk.engine.heard) == 1


async def test_other_words_under_a_used_id_are_a_message_of_their_own(talk: Talk) -> None:
    await talk.say("is it addictive", id_="a")
    assert kinds(await talk.say(CRISIS, id_="a")) == ["crisis"]
    assert kinds(await talk.say(CRISIS, id_="a")) == ["crisis"]
    assert await count(talk, Turn, *inbound(talk)) == 2
    assert await count(talk, Handoff) == 1


async def test_a_message_accepted_and_never_answered_is_answered_on_retry(talk: Talk) -> None:
    await talk.say("is it addictive", id_="a")
    async with talk.database.transaction() as session:
        await session.execute(update(Turn).where(Turn.external_id == "a").values(answered_at=None))
    talk.forget()
    assert kinds(await talk.say("is it addictive", id_="a")) == ["answer"]
    assert await count(talk, Turn, *inbound(talk)) == 1


async def test_two_messages_at_once_are_both_answered(talk: Talk) -> None:
    replies = await asyncio.gather(*(talk.say(f"is it addictive {number}") for number in range(20)))
    assert all(kinds(reply) == ["answer"] for reply in replies)
    # On a busy machine one may have missed the deadline; it is in the spool, and nothing is lost.
    await replay(talk.spool, talk.database, talk.ring)
    assert await count(talk, Turn, *inbound(talk)) == 20


@pytest.mark.parametrize(
    "says",
    [
        EngineUnavailableError("hung"),
        EngineReply(),
        EngineReply((Utterance(None),)),
        EngineReply((Utterance("utter_made_up"),)),
    ],
    ids=["unavailable", "nothing", "own words", "unknown response"],
)
async def test_without_a_curated_reply_there_is_the_fallback(
    talk: Talk, says: EngineReply | Exception
) -> None:
    talk.engine.says = says
    assert await talk.say("is it addictive") == (cards().fallback(Language.EN, Channel.WEB),)


async def test_a_bug_in_the_engine_ends_in_the_fallback(talk: Talk) -> None:
    talk.engine.says = ZeroDivisionError()
    assert await talk.say("is it addictive") == (cards().fallback(Language.EN, Channel.WEB),)


async def test_a_turn_that_is_late_ends_in_the_fallback_and_is_finished(talk: Talk) -> None:
    talk.engine.takes_seconds = 3.5
    began = time.monotonic()
    assert kinds(await talk.say("is it addictive", id_="a")) == ["fallback"]
    assert time.monotonic() - began < 3.2
    await talk.responder.drain()
    assert await scalar(talk, select(Turn.answered_at).where(Turn.external_id == "a")) is not None


class BrokenScreener(Screener):
    """Raises always, or only in the turn."""

    def __init__(self, failures: int) -> None:
        self.failures = failures

    def screen(self, text: str, history: Sequence[PastTurn] = (), *, at: datetime | None = None) -> Risk:
        self.failures -= 1
        if self.failures >= 0:
            raise RuntimeError("broken")
        return Risk(level=Level.CRISIS)


@pytest.mark.parametrize(("failures", "kind"), [(1, "crisis"), (9, "fallback")])
async def test_a_broken_screener_cannot_take_the_numbers_away(talk: Talk, failures: int, kind: str) -> None:
    talk.responder = talk.new_responder(BrokenScreener(failures))
    assert kinds(await talk.say("anything")) == [kind]


async def test_a_decline_offers_the_nearest_topics(talk: Talk) -> None:
    talk.engine.says = EngineReply(
        (Utterance("utter_out_of_scope"),),
        candidates=(Candidate("risks", 0.3), Candidate("greeting", 0.2), Candidate("insurance", 0.1)),
    )
    (reply,) = await talk.say("what is the capital of France")
    assert reply.quick_replies == (
        content().question("risks", Language.EN),
        content().question("insurance", Language.EN),
    )


@pytest.mark.parametrize(
    ("text", "service"),
    [("x " * 2001, "too_long"), ("", "unreadable"), (" \u200b ", "unreadable"), ("///", "unreadable")],
)
async def test_text_that_no_topic_fits_gets_a_service_text(talk: Talk, text: str, service: str) -> None:
    assert await talk.say(text) == (cards().service(service, Language.EN, Channel.WEB),)
    assert talk.engine.heard == []


async def test_a_long_text_is_screened_whole(talk: Talk) -> None:
    assert kinds(await talk.say("what is ketamine " * 6000 + CRISIS)) == ["crisis"]


async def test_a_limit_spares_the_engine_and_never_a_crisis(talk: Talk) -> None:
    assert await talk.say("is it addictive", limited=True) == (
        cards().service("limited", Language.EN, Channel.WEB),
    )
    assert kinds(await talk.say(CRISIS, limited=True)) == ["crisis"]


async def test_opting_out_of_texts_and_back_in(talk: Talk) -> None:
    async def say(text: str) -> list[str | None]:
        return [reply.response or reply.kind for reply in await talk.say(text, channel=Channel.SMS)]

    assert await talk.say("STOP", channel=Channel.SMS) == (
        cards().service("opt_out", Language.EN, Channel.SMS),
    )
    assert await say("is it addictive") == []
    assert kinds(await talk.say(CRISIS, channel=Channel.SMS)) == ["crisis"]
    assert await talk.say("START", channel=Channel.SMS) == (
        cards().service("opted_in", Language.EN, Channel.SMS),
    )
    assert await say("is it addictive") == ["utter_faq/is_addictive"]


async def test_silence_while_staff_hold_the_conversation_but_not_in_a_crisis(talk: Talk) -> None:
    await talk.say("is it addictive")
    staff = StaffMember(
        login="kim", name="Kim", role="clinician", password_hash="-", created_at=talk.clock.now()
    )
    async with talk.database.transaction() as session:
        session.add(staff)
        await session.flush()
        await session.execute(update(Conversation).values(held_by=staff.id))
    assert await talk.say("is it addictive", id_="held") == ()
    assert await scalar(talk, select(Turn.answered_at).where(Turn.external_id == "held")) is not None
    assert kinds(await talk.say(CRISIS)) == ["crisis"]


async def test_a_slash_never_reaches_the_engine(talk: Talk) -> None:
    await talk.say("\u200b /restart now")
    assert talk.engine.heard[0][0].text == "restart now"


@pytest.fixture
async def cut_off(ring: KeyRing, tmp_path: Path, clock: HandClock) -> Talk:
    """Someone who writes while the database is away."""
    return Talk(Database(f"sqlite+aiosqlite:///{tmp_path / 'none' / 'x.db'}", ring), ring, tmp_path, clock)


async def test_without_the_database_everything_goes_on(cut_off: Talk) -> None:
    assert kinds(await cut_off.greet()) == ["disclosure", "answer"]
    assert kinds(await cut_off.say("is it addictive")) == ["answer"]
    assert kinds(await cut_off.say(CRISIS)) == ["crisis"]
    assert "988" in (await cut_off.say("is it addictive"))[0].text
    await asyncio.sleep(0)
    assert [conversation for conversation, _ in cut_off.pager.paged] == [cut_off.conversation]
    assert cut_off.spool.waiting > 0


async def test_a_pager_that_fails_changes_nothing(cut_off: Talk) -> None:
    cut_off.pager.refuses = True
    assert kinds(await cut_off.say(CRISIS)) == ["crisis"]
    await asyncio.sleep(0)


async def test_saved_nowhere_the_person_is_told(cut_off: Talk, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way")
    cut_off.spool = type(cut_off.spool)(tmp_path / "spool", cut_off.ring)
    cut_off.responder = cut_off.new_responder()
    replies = await cut_off.say(CRISIS)
    assert kinds(replies) == ["crisis", "service"]
    assert replies[1] == cards().service("not_saved", Language.EN, Channel.WEB)


async def test_a_database_that_comes_back_gets_the_turn_and_the_crisis_state(talk: Talk) -> None:
    async with talk.database.transaction():
        # The one writing connection is taken: accepting gives up after half a second.
        assert kinds(await talk.say(CRISIS, id_="a")) == ["crisis"]
    (reply,) = [said for said in await talk.say("is it addictive") if said.kind.value == "answer"]
    assert "988" in reply.text
