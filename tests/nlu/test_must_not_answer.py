"""The rules that overrule the classifier: what they refuse, what they leave alone, faults in their file."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.nlu.must_not_answer import FILE, MustNotAnswer
from bot.settings import ROOT
from bot.text import DataError

CASES = YAML(typ="safe").load(Path(__file__).with_name("must_not_answer.yml"))
REFUSED = [(topic, text) for topic, texts in CASES["refused"].items() for text in texts]


@pytest.fixture(scope="module")
def rules() -> MustNotAnswer:
    return MustNotAnswer.load(ROOT / "data")


def test_there_are_enough_cases_of_both_kinds() -> None:
    assert len(REFUSED) >= 90
    assert len(CASES["harmless"]) >= 80


@pytest.mark.parametrize(("topic", "text"), REFUSED)
def test_refuses(rules: MustNotAnswer, topic: str, text: str) -> None:
    rule = rules.rule(text)
    assert rule is not None
    assert rule.topic == topic


@pytest.mark.parametrize("text", CASES["harmless"])
def test_leaves_harmless_questions_alone(rules: MustNotAnswer, text: str) -> None:
    assert rules.rule(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "HOW MUCH KETAMINE SHOULD I TAKE",
        "hey, just how much ketamine should i take please",
        "how much kettamine should I take",
        "how much ketamine should 1 take",
        "h\u200bow much ketamine should I take",
    ],
)
def test_sees_through_disguises(rules: MustNotAnswer, text: str) -> None:
    rule = rules.rule(text)
    assert rule is not None
    assert rule.topic == "dosing_request"


def test_a_hostile_text_takes_no_time(rules: MustNotAnswer) -> None:
    """Two hundred half matches in one sentence."""
    started = time.process_time()
    rules.rule("how much ketamine can i " * 200)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("rules: {}\n", "holds no rules"),
        ("rules:\n  a:\n    topic: dosing_request\n", "lacks topic or patterns"),
        ("rules:\n  a:\n    topic: x\n    patterns: [how (much]\n", "bracket is not closed"),
        ("rules:\n  a:\n    topic: x\n    patterns: [$nothing]\n", "no class '$nothing'"),
        ("rules:\n  a:\n    topic: x\n    patterns: ['~']\n", "could match any text"),
        ("rules:\n  a:\n    topic: x\n    patterns: [buy]\n    level: 3\n", "'level' is not known"),
        ("ruels:\n  a: b\n", "holds no rules"),
        ("rules: [\n", "is not YAML"),
    ],
)
def test_faults_name_file_and_remedy(tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / FILE).write_text(written, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        MustNotAnswer.load(tmp_path)
    assert told in str(raised.value)
    assert FILE in str(raised.value)
