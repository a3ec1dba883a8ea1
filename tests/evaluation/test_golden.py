"""When a new model may not take the place of the present one."""

from __future__ import annotations

from collections.abc import Mapping

from bot.evaluation.faq import Answered, FaqLine
from bot.evaluation.faq_scores import FaqReport
from bot.evaluation.golden import judge
from bot.evaluation.outcomes import Outcome

LINES = [
    FaqLine("a", "what could go wrong", "en", "risks"),
    FaqLine("b", "do you bill my plan", "en", "insurance"),
    FaqLine("c", "how many do i take", "en", "dosing_request"),
    FaqLine("d", "who won the game", "en", "out_of_scope"),
]
RIGHT = {
    "a": (Outcome.ANSWERED, "risks"),
    "b": (Outcome.ANSWERED, "insurance"),
    "c": (Outcome.REFUSED, "dosing_request"),
    "d": (Outcome.DECLINED, "out_of_scope"),
}


def report(**changed: tuple[Outcome, str]) -> FaqReport:
    outcomes: Mapping[str, tuple[Outcome, str]] = RIGHT | changed
    answered = [
        Answered(line, topic, (), outcome, 0.0)
        for line in LINES
        for outcome, topic in [outcomes[str(line.id)]]
    ]
    return FaqReport("faq.jsonl", "v", frozenset({"dosing_request"}), answered)


ASKED, WRONG = (Outcome.ASKED_BACK, "ask_back"), (Outcome.ANSWERED, "risks")


def test_an_equal_model_may() -> None:
    assert not judge(report(), report()).is_worse


def test_a_better_model_may() -> None:
    verdict = judge(report(a=ASKED), report())
    assert not verdict.is_worse
    assert [each.line.id for each in verdict.better] == ["a"]


def test_one_that_gains_as_much_as_it_loses_may() -> None:
    assert not judge(report(a=ASKED), report(b=WRONG)).is_worse


def test_one_that_fails_at_more_lines_may_not_and_says_where() -> None:
    verdict = judge(report(), report(b=WRONG))
    assert verdict.is_worse
    assert verdict.to_lines() == [
        "0 test utterances fare better, 1 worse",
        "worse: b (insurance) is answered, as risks",
    ]


def test_one_that_answers_what_must_not_be_answered_may_not_whatever_it_gains() -> None:
    assert judge(report(a=ASKED, b=ASKED, d=WRONG), report(c=WRONG)).is_worse
