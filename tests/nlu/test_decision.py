"""What is done about a ranking: answer, refuse, ask back or decline."""

from __future__ import annotations

import pytest

from bot.messages import Candidate
from bot.nlu.decision import Thresholds, decide

THRESHOLDS = Thresholds(answer=0.4, margin=0.1, ask=0.2, refuse=0.25)
REFUSALS = ["dosing_request"]


def decided(**scores: float) -> str:
    ranking = sorted(
        (Candidate(topic, score) for topic, score in scores.items()), key=lambda c: -c.confidence
    )
    return decide(ranking, THRESHOLDS, REFUSALS).topic


@pytest.mark.parametrize(
    ("scores", "topic"),
    [
        ({"risks": 0.6, "insurance": 0.1}, "risks"),
        ({"risks": 0.4, "insurance": 0.3}, "risks"),
        # Too close, or not sure enough, to answer.
        ({"risks": 0.45, "long_term_safety": 0.4}, "ask_back"),
        ({"risks": 0.35, "insurance": 0.1}, "ask_back"),
        ({"risks": 0.19, "insurance": 0.1}, "nlu_fallback"),
        # Out of scope leads clearly, or hardly.
        ({"out_of_scope": 0.6, "risks": 0.3}, "out_of_scope"),
        ({"out_of_scope": 0.35, "risks": 0.3}, "ask_back"),
        ({"out_of_scope": 0.05}, "out_of_scope"),
        # What must not be answered wins from a low score on, and is not asked back about.
        ({"dosing_request": 0.1, "risks": 0.05}, "dosing_request"),
        ({"risks": 0.6, "dosing_request": 0.25}, "dosing_request"),
        ({"out_of_scope": 0.6, "dosing_request": 0.25}, "dosing_request"),
        ({"risks": 0.6, "dosing_request": 0.24}, "risks"),
    ],
)
def test_decision(scores: dict[str, float], topic: str) -> None:
    assert decided(**scores) == topic


def test_whoever_asks_whether_this_is_a_person_is_told_at_once() -> None:
    """R10."""
    unsure = [Candidate("bot_identity", 0.3), Candidate("human_handoff", 0.28)]
    assert decide(unsure, THRESHOLDS, REFUSALS, ["bot_identity"]).topic == "bot_identity"
    assert decide(unsure, THRESHOLDS, REFUSALS).topic == "ask_back"


def test_a_text_without_words_is_not_understood() -> None:
    assert decide((), THRESHOLDS, REFUSALS).topic == "nlu_fallback"
