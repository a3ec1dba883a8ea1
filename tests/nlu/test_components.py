"""The graph components on Rasa's own message type."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.rasa_compat import tensorflow_free  # noqa: F401  (before rasa)

# isort: split
from rasa.shared.nlu.training_data.message import Message

from bot.messages import Candidate
from bot.nlu.must_not_answer import MustNotAnswer
from bot.nlu.refusal_gate import RefusalGate
from bot.nlu.risk_gate import RiskGate
from bot.nlu.topic_classifier import set_topic
from bot.settings import ROOT

RANKING = (Candidate("faq/risks", 0.6), Candidate("out_of_scope", 0.3))


def message(text: str = "what are the risks", **metadata: object) -> Message:
    return Message(data={"text": text, "metadata": metadata})


def intent(heard: Message) -> str:
    return str(heard.get("intent")["name"])


def test_faq_fills_what_utter_faq_reads() -> None:
    heard = message()
    set_topic(heard, RANKING, RANKING[0])
    assert intent(heard) == "faq"
    response = heard.get("response_selector")["faq"]["response"]
    assert response["utter_action"] == "utter_faq/risks"
    assert response["intent_response_key"] == "faq/risks"
    assert [each["name"] for each in heard.get("intent_ranking")] == ["faq/risks", "out_of_scope"]


def test_what_is_not_understood_has_no_answer() -> None:
    heard = message()
    set_topic(heard, RANKING, Candidate("nlu_fallback", 0.4))
    assert intent(heard) == "nlu_fallback"
    assert "faq" not in heard.get("response_selector")
    assert len(heard.get("intent_ranking")) == len(RANKING)


@pytest.mark.parametrize(
    ("level", "decides"), [("NONE", False), ("CONCERN", False), ("CRISIS", True), ("EMERGENCY", True)]
)
def test_level_of_the_message_decides(level: str, decides: bool) -> None:
    """The words say nothing of danger here: only the level that came with the message counts."""
    heard = message(level=level, kind="suicide")
    set_topic(heard, RANKING, RANKING[0])
    RiskGate(Path("no such folder")).process([heard])
    assert intent(heard) == ("crisis" if decides else "faq")
    assert ("faq" in heard.get("response_selector")) is not decides
    assert heard.get("risk") == {"level": level, "kind": "suicide"}


@pytest.mark.parametrize("metadata", [{}, {"level": "no such level"}])
def test_unscreened_message_is_screened(metadata: dict[str, str]) -> None:
    gate = RiskGate(ROOT / "data" / "risk")
    danger, harmless = message("i am going to kill myself", **metadata), message(**metadata)
    for heard in (danger, harmless):
        set_topic(heard, RANKING, RANKING[0])
    gate.process([danger, harmless])
    assert intent(danger) == "crisis"
    assert intent(harmless) == "faq"


def test_a_rule_overrules_the_classifier() -> None:
    gate = RefusalGate(MustNotAnswer.load(ROOT / "data"))
    amount, harmless = message("how many mg of ketamine can i take"), message("how much does a session cost")
    for heard in (amount, harmless):
        set_topic(heard, RANKING, RANKING[0])
    gate.process([amount, harmless])
    assert intent(amount) == "dosing_request"
    assert "faq" not in amount.get("response_selector")
    assert len(amount.get("intent_ranking")) == len(RANKING)
    assert intent(harmless) == "faq"


def test_danger_goes_before_a_refusal() -> None:
    heard = message("how much ketamine should i take to kill myself")
    set_topic(heard, RANKING, RANKING[0])
    RefusalGate(MustNotAnswer.load(ROOT / "data")).process([heard])
    RiskGate(ROOT / "data" / "risk").process([heard])
    assert intent(heard) == "crisis"
