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


def _asked() -> list[PastTurn]:
    return [
        _ago("everything feels hopeless", 50),
        _ago("Are you thinking about suicide?", 40, ReplyKind.CHECK_IN),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "a little",
        "maybe",
        "not tonight",
        "not yet",
        "yes but i would never do it",
        "both",
        "un poco",
        "todavía no",
    ],
)
def test_half_a_yes_is_a_yes(screener: Screener, answer: str) -> None:
    assert screener.screen(answer, _asked(), at=NOW).level == Level.CRISIS


@pytest.mark.parametrize(
    "answer", ["not really", "i don't know", "prefer not to say", "not anymore", "no sé"]
)
def test_neither_yes_nor_no_is_asked_again(screener: Screener, answer: str) -> None:
    assert screener.screen(answer, _asked(), at=NOW).level == Level.CONCERN


@pytest.mark.parametrize("answer", ["No.", "no, gracias", "never", "nah", "nunca", "no im fine"])
def test_a_no_is_a_no(screener: Screener, answer: str) -> None:
    assert screener.screen(answer, _asked(), at=NOW).level == Level.NONE


def test_signs_add_up_over_turns(screener: Screener) -> None:
    first, second = "gave my dog to my neighbor", "you won't hear from me after tonight"
    assert screener.screen(first).level < Level.CRISIS
    assert screener.screen(second).level < Level.CRISIS
    history = [_ago(first, 900), _ago("Thank you for telling us.", 890, ReplyKind.ANSWER)]
    assert screener.screen(second, history, at=NOW).level >= Level.CRISIS


def test_an_ordinary_text_after_signs_is_ordinary(screener: Screener) -> None:
    history = [_ago("gave my dog to my neighbor", 900)]
    assert screener.screen("what are your hours", history, at=NOW).level == Level.NONE


@pytest.mark.parametrize(
    "answer",
    ["Yes please", "yes, I would like to book", "sure, call me", "sí, quiero una cita", "ok thank you"],
)
def test_a_yes_to_an_offer_is_asked_again(screener: Screener, answer: str) -> None:
    history = [_ago("Are you thinking about suicide?", 20, ReplyKind.CHECK_IN)]
    assert screener.screen(answer, history, at=NOW).level <= Level.CONCERN


@pytest.mark.parametrize("answer", ["yes please help me", "yes please, i want to die", "yes tonight"])
def test_a_yes_that_asks_for_help_is_a_crisis(screener: Screener, answer: str) -> None:
    history = [_ago("Are you thinking about suicide?", 20, ReplyKind.CHECK_IN)]
    assert screener.screen(answer, history, at=NOW).level >= Level.CRISIS


LONG = "it has been a very long week and i have thought about it a lot and now i am sure that i want to ki"
REST = "ll myself. please tell my sister that i am sorry for everything that i have done to her this year"


@pytest.mark.parametrize(("first", "second"), [(LONG, REST), (REST, LONG)], ids=["in order", "reversed"])
def test_a_text_that_the_phone_split_within_a_word_is_read_whole(
    screener: Screener, first: str, second: str
) -> None:
    assert screener.screen(first).level < Level.CRISIS
    assert screener.screen(second).level < Level.CRISIS
    risk = screener.screen(second, [_ago(first, 2)], at=NOW)
    assert risk.level >= Level.CRISIS
    assert all(0 <= cue.start < cue.end <= len(second) for cue in risk.cues)


def test_an_earlier_crisis_is_not_counted_again_by_a_long_text_after_it(screener: Screener) -> None:
    harmless = (
        "thank you very much. what are your hours on saturday and on sunday, and where do i park my car"
    )
    assert screener.screen(harmless, [_ago("i want to kill myself", 3)], at=NOW).level == Level.NONE
