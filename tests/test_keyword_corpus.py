"""R16 on some three hundred labelled texts, and on every example of danger there is."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.keywords import Keyword, carrier_act, keyword
from bot.messages import CarrierAct, Channel, Level
from bot.risk.examples import FOLDER, load_examples
from bot.settings import ROOT

WANTED = {"opt_out": Keyword.OPT_OUT, "opt_in": Keyword.OPT_IN, "help": Keyword.HELP}
CARRIER_WORDS = ["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"]


@cache
def corpus() -> dict[str, list[str]]:
    loaded: dict[str, Any] = YAML(typ="safe").load((ROOT / "tests" / "keyword_texts.yml").read_text("utf-8"))
    return {label: [str(text) for text in texts] for label, texts in loaded.items()}


def test_the_corpus_is_large_enough_and_says_nothing_twice() -> None:
    texts = [text for texts in corpus().values() for text in texts]
    assert len(texts) == len(set(texts)) >= 300
    assert len(corpus()["distress"]) >= 120


@pytest.mark.parametrize("label", ["opt_out", "opt_in", "help", "distress", "ordinary"])
def test_R16_every_text_commands_what_it_is_labelled_with(label: str) -> None:
    wrong = [text for text in corpus()[label] if keyword(text, Channel.SMS, False) is not WANTED.get(label)]
    assert wrong == []


def test_R16_no_example_of_danger_opts_out() -> None:
    """Thousands of messages by many authors, those of the learned layer."""
    found = [
        example.text
        for example in load_examples(ROOT / "data" / "risk" / FOLDER)
        if example.level >= Level.CONCERN and keyword(example.text, Channel.SMS, False) is Keyword.OPT_OUT
    ]
    assert found == []


@pytest.mark.parametrize("word", CARRIER_WORDS)
def test_R16_what_networks_block_upon_is_an_opt_out_for_us_too(word: str) -> None:
    for said in (word, word.lower(), f" {word.title()} "):
        assert carrier_act(said) is CarrierAct.STOP
        assert keyword(said, Channel.SMS, False) is Keyword.OPT_OUT
    assert carrier_act(f"{word}.") is None
    assert keyword(f"{word}.", Channel.SMS, False) is Keyword.OPT_OUT
    assert carrier_act(f"{word} it") is None


@pytest.mark.parametrize("word", ["START", "UNSTOP", "YES", "yes"])
def test_R16_what_networks_let_through_again_upon(word: str) -> None:
    assert carrier_act(word) is CarrierAct.START


@pytest.mark.parametrize(
    ("carrier", "expected"),
    [
        (CarrierAct.STOP, Keyword.OPT_OUT),
        (CarrierAct.START, Keyword.OPT_IN),
        (CarrierAct.HELP, Keyword.HELP),
    ],
)
def test_R16_what_the_network_says_comes_first(carrier: CarrierAct, expected: Keyword) -> None:
    for text in ("YES", "cualquier palabra", "STOP", ""):
        assert keyword(text, Channel.SMS, False, carrier) is expected
