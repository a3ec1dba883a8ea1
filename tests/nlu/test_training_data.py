"""What training utterances every topic has; whether they are understood, other tests tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from ruamel.yaml import YAML

from bot.settings import ROOT

NLU = ROOT / "data" / "nlu"
RULES = ROOT / "data" / "rules"
DOMAIN = YAML(typ="safe").load((ROOT / "domain.yml").read_text(encoding="utf-8"))
PER_TOPIC = 85
FEWER = {"out_of_scope": 600, "smalltalk": 55, "affirm": 65, "deny": 65, "crisis": 40}


def blocks() -> Iterator[tuple[str, str, str]]:
    """File, intent and author of every utterance's block, once an utterance."""
    for file in sorted(NLU.glob("*.yml")):
        for block in YAML(typ="safe").load(file.read_text(encoding="utf-8"))["nlu"]:
            for line in block["examples"].splitlines() if "intent" in block else ():
                yield file.stem, block["intent"], line.removeprefix("- ")


UTTERANCES = [*blocks()]
INTENTS = sorted({intent for _, intent, _ in UTTERANCES})


def test_a_file_holds_the_topic_of_its_name() -> None:
    assert all(intent.rpartition("/")[2] == stem for stem, intent, _ in UTTERANCES)


@pytest.mark.parametrize("intent", INTENTS)
def test_each_topic_has_enough_utterances(intent: str) -> None:
    least = FEWER.get(intent.partition("/")[0], PER_TOPIC)
    assert sum(of == intent for _, of, _ in UTTERANCES) >= least


def test_no_utterance_twice() -> None:
    counted = Counter(text.casefold().strip(" ?!.") for _, _, text in UTTERANCES)
    # Signs alone are told apart by themselves.
    assert [text for text, count in counted.items() if count > 1 and any(map(str.isalnum, text))] == []


def test_every_intent_has_a_rule() -> None:
    rules = [
        rule for file in RULES.glob("*.yml") for rule in YAML(typ="safe").load(file.read_text())["rules"]
    ]
    ruled = {rule["steps"][0]["intent"] for rule in rules}
    declared = {next(iter(each)) if isinstance(each, dict) else each for each in DOMAIN["intents"]}
    assert {intent.split("/")[0] for intent in INTENTS} | {"nlu_fallback", "ask_back"} == declared == ruled


def test_domain_holds_no_copy() -> None:
    assert "responses" not in DOMAIN
    assert "action_session_start" not in DOMAIN["actions"]  # it would make a failing action silence the bot
