"""What training utterances every topic has; whether they are understood, other tests tell."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from bot.settings import ROOT

NLU = ROOT / "data" / "nlu"
RULES = ROOT / "data" / "rules"
DOMAIN = YAML(typ="safe").load((ROOT / "domain.yml").read_text(encoding="utf-8"))
PER_TOPIC = 35


def utterances(file: Path) -> dict[str, list[str]]:
    """By intent."""
    blocks = YAML(typ="safe").load(file.read_text(encoding="utf-8"))["nlu"]
    return {
        block["intent"]: [line.removeprefix("- ") for line in block["examples"].splitlines() if line]
        for block in blocks
        if "intent" in block
    }


BY_FILE = {file.stem: utterances(file) for file in sorted(NLU.glob("*.yml"))}
BY_INTENT = {intent: texts for intents in BY_FILE.values() for intent, texts in intents.items()}


def test_a_file_holds_the_topic_of_its_name() -> None:
    for stem, intents in BY_FILE.items():
        assert all(intent.removeprefix("faq/") == stem for intent in intents)


@pytest.mark.parametrize("intent", sorted(BY_INTENT))
def test_each_topic_has_enough_utterances(intent: str) -> None:
    assert len(BY_INTENT[intent]) >= (150 if intent == "out_of_scope" else PER_TOPIC)


def test_no_utterance_twice() -> None:
    counted = Counter(text.casefold().strip(" ?!.") for texts in BY_INTENT.values() for text in texts)
    # Signs alone are told apart by themselves.
    assert [text for text, count in counted.items() if count > 1 and any(map(str.isalnum, text))] == []


def test_every_intent_has_a_rule() -> None:
    rules = [
        rule for file in RULES.glob("*.yml") for rule in YAML(typ="safe").load(file.read_text())["rules"]
    ]
    ruled = {rule["steps"][0]["intent"] for rule in rules}
    declared = {next(iter(each)) if isinstance(each, dict) else each for each in DOMAIN["intents"]}
    assert {intent.split("/")[0] for intent in BY_INTENT} | {"nlu_fallback"} == declared == ruled


def test_domain_holds_no_copy() -> None:
    assert "responses" not in DOMAIN
    assert "action_session_start" not in DOMAIN["actions"]  # it would make a failing action silence the bot
