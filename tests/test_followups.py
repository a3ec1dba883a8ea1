"""What a message means after what was said before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.followups import Context, choice, context, questions, readings
from bot.messages import Language, PastTurn, Reply, ReplyKind, Source

NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
OFFERED = ("Is ketamine addictive?", "What are the risks of ketamine?", "Do you take my insurance?")
SOURCE = Source("Risks", "What Are the Risks of Ketamine Use?", None, "2026-11-23")


def reply(kind: ReplyKind, *, name: str = "utter_faq/risks", offers: tuple[str, ...] = ()) -> Reply:
    source = SOURCE if kind is ReplyKind.ANSWER else None
    return Reply(kind, "text", Language.EN, quick_replies=offers, source=source, response=name)


def said(text: str, *, seconds_ago: float = 30) -> PastTurn:
    return PastTurn(text, NOW - timedelta(seconds=seconds_ago))


def answered(given: Reply, *, seconds_ago: float = 29) -> PastTurn:
    return PastTurn(given.text, NOW - timedelta(seconds=seconds_ago), given.kind, given)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        *(("1", 0), ("2.", 1), ("#3", 2), ("the first one", 0), ("First!", 0), ("number two please", 1)),
        *(("i meant the 2nd", 1), ("the last one", 2), ("la primera", 0), ("la número dos por favor", 1)),
        *(("el tercero", 2), ("la última", 2), ("one", 0)),
        *(("the risks", 1), ("insurance", 2), ("the one about being addictive", 0)),
    ],
)
def test_an_offered_question_is_picked_by_number_place_or_words(text: str, place: int) -> None:
    assert choice(text, OFFERED) == OFFERED[place]


@pytest.mark.parametrize(
    "text",
    [
        "4",
        "yes",
        "ketamine",
        "neither",
        "1 or 2",
        "i took 2 pills",
        "",
        "why",
        "my first time trying this stuff ok",
    ],
)
def test_other_words_pick_nothing(text: str) -> None:
    assert choice(text, OFFERED) is None


def test_a_yes_picks_the_only_question() -> None:
    assert choice("yes please", OFFERED[:1]) == OFFERED[0]
    assert choice("no", OFFERED[:1]) is None


def test_nothing_is_picked_where_nothing_was_offered() -> None:
    assert choice("1", ()) is None


def test_a_question_back_leaves_its_offers_and_the_text_open() -> None:
    asked = reply(ReplyKind.ASK_BACK, name="utter_ask_back", offers=OFFERED)
    open_ = context((said("is it", seconds_ago=19), answered(asked, seconds_ago=18)), NOW)
    assert (open_.offered, open_.unsettled, open_.said) == (OFFERED, "is it", asked)


def test_a_text_is_joined_for_twenty_seconds_only() -> None:
    declined = reply(ReplyKind.DECLINE, name="utter_out_of_scope")
    assert context((said("is it", seconds_ago=21), answered(declined)), NOW).unsettled is None


def test_an_answer_stays_the_last_one_after_pleasantries() -> None:
    answer, thanks = reply(ReplyKind.ANSWER), reply(ReplyKind.DISCLOSURE, name="card/disclosure")
    open_ = context((said("the risks?"), answered(answer), said("ok"), answered(thanks)), NOW)
    assert (open_.answer, open_.said, open_.offered) == (answer, answer, ())


def test_a_card_is_never_what_was_said_last() -> None:
    card = Reply(ReplyKind.CRISIS, "text", Language.EN, response="card/suicide_crisis")
    assert context((said("i want to die"), answered(card)), NOW) == Context()


@pytest.mark.parametrize(
    "text", ["and long term?", "why", "is it legal", "what about that", "¿y eso por qué?"]
)
def test_a_fragment_leans_on_the_topic_before(text: str) -> None:
    assert readings(text, Context(), OFFERED[0]) == (f"{OFFERED[0]} {text}",)


@pytest.mark.parametrize(
    "text", ["tell me a joke", "is it true that my cousin can get an appointment for her two kids tomorrow"]
)
def test_a_message_that_stands_alone_does_not(text: str) -> None:
    assert readings(text, Context(), OFFERED[0]) == ()


def test_a_text_that_was_not_understood_is_read_with_the_next() -> None:
    assert readings("for depression", Context(unsettled="is ket safe"), None) == (
        "is ket safe for depression",
    )


def test_a_long_story_is_read_by_its_end() -> None:
    story = "my sister told me about you and she has been through a lot these years " * 2
    (ending,) = readings(f"{story}so is that stuff addictive", Context(), None)
    assert ending == "has been through a lot these years so is that stuff addictive"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (
            "Is ketamine addictive? And what does it cost?",
            ("Is ketamine addictive?", "And what does it cost?"),
        ),
        (
            "do you take my insurance and also where are you located",
            ("do you take my insurance", "where are you located"),
        ),
        (
            "¿Es adictiva la ketamina? ¿Aceptan mi seguro?",
            ("¿Es adictiva la ketamina?", "¿Aceptan mi seguro?"),
        ),
        ("My dad is ill. Is ketamine safe for him?", ()),
        ("is it safe", ()),
    ],
)
def test_a_message_may_hold_more_than_one_question(text: str, asked: tuple[str, ...]) -> None:
    assert questions(text) == asked
