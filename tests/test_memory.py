"""What is remembered when the database cannot be asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from bot.memory import Memory
from bot.messages import Channel, Kind, Language, Level, Message, Reply, ReplyKind, Risk
from bot.transcripts.standings import HISTORY, Standing

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
NOTHING = Risk()
CRISIS = Risk(level=Level.CRISIS, kind=Kind.SUICIDE)


def message(conversation: UUID, text: str = "hello", at: datetime = NOW) -> Message:
    return Message(conversation, Channel.WEB, text, uuid4().hex, at)


def hear(
    memory: Memory, conversation: UUID, risk: Risk = NOTHING, *, at: datetime = NOW, saved: bool = True
) -> None:
    before = memory.recall(conversation, at)
    memory.heard(before, message(conversation, at=at), risk, Language.EN, saved=saved)


def test_the_last_turns_of_both_sides_in_order() -> None:
    memory, conversation = Memory(), uuid4()
    for number in range(HISTORY):
        memory.heard(
            memory.recall(conversation, NOW),
            message(conversation, f"said {number}"),
            Risk(),
            Language.ES,
            saved=True,
        )
    memory.said(conversation, (Reply(ReplyKind.DISCLOSURE, "a bot", Language.ES),), NOW)
    standing = memory.recall(conversation, NOW)
    assert [turn.text for turn in standing.history][-2:] == [f"said {HISTORY - 1}", "a bot"]
    assert len(standing.history) == HISTORY
    assert standing.language is Language.ES
    assert standing.disclosed_at == NOW


def test_a_crisis_state_lasts_a_day_from_the_last_crisis() -> None:
    memory, conversation = Memory(), uuid4()
    hear(memory, conversation, Risk(level=Level.EMERGENCY, kind=Kind.OVERDOSE))
    hear(memory, conversation, CRISIS, at=NOW + timedelta(hours=20))
    hear(memory, conversation, Risk(level=Level.CONCERN), at=NOW + timedelta(hours=30))
    hear(memory, conversation, at=NOW + timedelta(hours=31))
    assert memory.recall(conversation, NOW + timedelta(hours=43)).level is Level.EMERGENCY
    assert memory.recall(conversation, NOW + timedelta(hours=43)).kind is Kind.OVERDOSE
    assert memory.recall(conversation, NOW + timedelta(hours=44)).level is Level.NONE


def test_the_database_is_believed_but_for_a_crisis_it_has_not_got() -> None:
    memory, conversation = Memory(), uuid4()
    hear(memory, conversation, CRISIS)
    assert memory.reconcile(conversation, Standing(), NOW).level is Level.NONE
    hear(memory, conversation, CRISIS, saved=False)
    assert memory.reconcile(conversation, Standing(), NOW).level is Level.CRISIS
    memory.replayed()
    assert memory.reconcile(conversation, Standing(), NOW).level is Level.NONE


def test_a_higher_stored_level_is_kept() -> None:
    memory, conversation = Memory(), uuid4()
    hear(memory, conversation, CRISIS, saved=False)
    stored = Standing(level=Level.EMERGENCY, level_until=NOW + timedelta(hours=1), kind=Kind.OVERDOSE)
    assert memory.reconcile(conversation, stored, NOW) == stored


def test_a_new_chat_begins_after_a_long_silence() -> None:
    memory, conversation = Memory(), uuid4()
    hear(memory, conversation)
    hear(memory, conversation, at=NOW + timedelta(hours=2))
    assert memory.recall(conversation, NOW).chat_started_at == NOW
    hear(memory, conversation, at=NOW + timedelta(hours=6))
    assert memory.recall(conversation, NOW).chat_started_at == NOW + timedelta(hours=6)


def test_it_is_bounded_and_forgets_the_longest_unused() -> None:
    memory = Memory(capacity=2)
    first, second, third = uuid4(), uuid4(), uuid4()
    for conversation in (first, second):
        hear(memory, conversation, CRISIS, saved=False)
    hear(memory, first)
    hear(memory, third)
    assert memory.recall(second, NOW) == Standing()
    assert memory.recall(first, NOW).history


def test_a_disclosure_given_while_the_database_was_away_stays_given() -> None:
    memory, conversation = Memory(), uuid4()
    memory.opened(conversation, Language.EN, NOW)
    assert memory.reconcile(conversation, Standing(), NOW).disclosed_at == NOW
    later = Standing(disclosed_at=NOW + timedelta(hours=1))
    assert memory.reconcile(conversation, later, NOW).disclosed_at == NOW + timedelta(hours=1)
    assert memory.reconcile(uuid4(), Standing(), NOW).disclosed_at is None
