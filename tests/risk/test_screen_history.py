"""A message read with the turns before it: pieces of one sentence, and answers to our own question."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.messages import Experiencer, Level, PastTurn, ReplyKind
from bot.risk import Screener

NOW = datetime(2030, 5, 4, 12, 0, tzinfo=UTC)


def _ago(text: str, seconds: int, kind: ReplyKind | None = None) -> PastTurn:
    return PastTurn(text, NOW - timedelta(seconds=seconds), kind)


def test_pieces_of_a_sentence_are_read_joined(screener: Screener) -> None:
    history = [_ago("i want to", 20), _ago("kill", 9)]
    assert screener.screen("myself").level == Level.NONE
    risk = screener.screen("myself", history, at=NOW)
    assert risk.level >= Level.CRISIS
    assert risk.cues[0].end <= len("myself")


def test_pieces_a_minute_apart_are_not_joined(screener: Screener) -> None:
    history = [_ago("i want to", 90), _ago("kill", 70)]
    assert screener.screen("myself", history, at=NOW).level == Level.NONE


def test_an_earlier_crisis_is_not_counted_again(screener: Screener) -> None:
    history = [_ago("i want to kill myself", 20)]
    assert screener.screen("what are your hours", history, at=NOW).level == Level.NONE


def test_our_own_words_are_not_the_persons(screener: Screener) -> None:
    history = [_ago("If you want to kill", 5, ReplyKind.ANSWER)]
    assert screener.screen("myself", history, at=NOW).level == Level.NONE


@pytest.mark.parametrize(
    "answer", ["yes", "Yeah", "sometimes", "i do", "a lot lately", "sí", "a veces", "not really safe"]
)
def test_an_affirmative_answer_to_our_check_in_is_a_crisis(screener: Screener, answer: str) -> None:
    history = [
        _ago("everything feels hopeless", 30),
        _ago("Are you thinking about suicide?", 20, ReplyKind.CHECK_IN),
    ]
    risk = screener.screen(answer, history, at=NOW)
    assert risk.level == Level.CRISIS
    assert risk.experiencer == Experiencer.SELF


@pytest.mark.parametrize("answer", ["no", "nope", "what are your hours", "is ketamine addictive"])
def test_another_answer_to_our_check_in_is_not(screener: Screener, answer: str) -> None:
    history = [_ago("Are you thinking about suicide?", 20, ReplyKind.CHECK_IN)]
    assert screener.screen(answer, history, at=NOW).level == Level.NONE


def test_yes_after_an_ordinary_answer_is_nothing(screener: Screener) -> None:
    history = [_ago("Would you like to hear about cost?", 20, ReplyKind.ANSWER)]
    assert screener.screen("yes", history, at=NOW).level == Level.NONE


def test_times_that_cannot_be_compared_do_not_stop_the_screening(screener: Screener) -> None:
    history = [PastTurn("i want to", NOW.replace(tzinfo=None))]
    assert screener.screen("i want to kill myself", history, at=NOW).level >= Level.CRISIS
