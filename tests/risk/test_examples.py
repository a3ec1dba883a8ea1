"""The example messages: enough of them, of many hands, and every mistake named with file, line and remedy."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from bot.messages import Experiencer, Kind, Level
from bot.risk import RiskDataError
from bot.risk.examples import Example, load_examples

NAME = re.compile(r"(none|concern|crisis)-[a-z_]+\.[0-9a-f]{8}")
GOOD = """\
level: crisis
kind: abuse
groups:
  - who: other
    minor: true
    es:
      Z:
        - "una frase"
"""


@pytest.fixture(scope="session")
def examples(cue_folder: Path) -> tuple[Example, ...]:
    return load_examples(cue_folder / "examples")


def _load(folder: Path, text: str) -> tuple[Example, ...]:
    (folder / "crisis-abuse.yml").write_text(text, encoding="utf-8")
    return load_examples(folder)


def test_enough_in_both_languages(examples: tuple[Example, ...]) -> None:
    counted = Counter(example.language for example in examples)
    assert counted["en"] >= 3_000
    assert counted["es"] >= 1_000


def test_many_authors_of_every_level(examples: tuple[Example, ...]) -> None:
    for level in (Level.NONE, Level.CONCERN, Level.CRISIS):
        assert len({example.author for example in examples if example.level == level}) >= 10


def test_every_kind_has_crises(examples: tuple[Example, ...]) -> None:
    kinds = {example.kind for example in examples if example.level == Level.CRISIS}
    assert kinds == set(Kind) - {Kind.DISTRESS}


def test_names_are_unique_and_hold_no_word(examples: tuple[Example, ...]) -> None:
    assert len({example.name for example in examples}) == len(examples)
    assert all(NAME.fullmatch(example.name) for example in examples)


def test_what_a_file_says(tmp_path: Path) -> None:
    [example] = _load(tmp_path, GOOD)
    assert (example.text, example.language, example.author) == ("una frase", "es", "Z")
    assert (example.level, example.kind, example.experiencer) == (Level.CRISIS, Kind.ABUSE, Experiencer.OTHER)
    assert example.minor
    assert example.line == 8
    assert example.name.startswith("crisis-abuse.")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("level: crisis\n", "", "lacks 'level'"),
        ("level: crisis", "level: emergency", ":1: 'emergency' is no level"),
        ("kind: abuse\n", "", ":1: needs a 'kind'"),
        ("kind: abuse", "kind: sadness", ":2: 'sadness' is no kind"),
        ("kind: abuse", "kind: abuse\ncolour: red", ":3: unknown key 'colour'"),
        ("who: other", "who: nobody", ":4: 'nobody' is nobody"),
        ("    es:", "    fr:", ":6: 'fr' holds no texts"),
        ("        - ", "        ", ":7: author 'Z' has no list"),
        ('"una frase"', '""', ":7: author 'Z' has a text that is none"),
        ('"una frase"', "una: frase", ":7: author 'Z' has a text that is none"),
        ("groups:", "groups:\n  - nothing", ":4: is no group"),
    ],
)
def test_faults(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in GOOD
    with pytest.raises(RiskDataError) as caught:
        _load(tmp_path, GOOD.replace(old, new))
    assert any(problem in str(fault) for fault in caught.value.faults), str(caught.value)


def test_two_that_share_most_words(tmp_path: Path) -> None:
    with pytest.raises(RiskDataError) as caught:
        _load(tmp_path, GOOD + '        - "¡Una frase!"\n')
    [fault] = caught.value.faults
    assert fault.line == 9
    assert "shares 100% of its words with the example at crisis-abuse.yml:8" in fault.problem


def test_no_examples(tmp_path: Path, cue_folder: Path) -> None:
    shutil.copy(cue_folder / "10-suicide-en.yml", tmp_path / "cues.txt")
    with pytest.raises(RiskDataError, match="has no examples"):
        load_examples(tmp_path)
