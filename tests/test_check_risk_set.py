"""The set that measures the risk screen stays unseen by whatever learns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import model
from bot.checks import check, risk_set
from bot.risk import training
from bot.risk.examples import FOLDER, load_examples
from bot.settings import ROOT
from bot.text.fault import Fault
from tests.planting import Planted

EXAMPLES = load_examples(ROOT / "data" / "risk" / FOLDER)
LONG = next(each for each in EXAMPLES if len(each.text.split()) > risk_set.WORDS)
SHORT = next(each for each in EXAMPLES if len(each.text.split()) < risk_set.WORDS)


def written(data: Path, *rows: str) -> list[Fault]:
    file = data / risk_set.FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return list(risk_set.faults(data, EXAMPLES))


def row(text: str) -> str:
    return json.dumps({"id": "a", "text": text, "lang": "en", "expected": "none"})


def test_check_reads_the_set(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    with (planted.data / risk_set.FILE).open("a", encoding="utf-8") as file:
        file.write(row(LONG.text) + "\n")
    assert [str(fault.file.name) for fault in check(planted.data)] == ["risk.jsonl"]


def test_a_line_that_was_learned_from_is_a_fault_with_both_places(tmp_path: Path) -> None:
    (fault,) = written(tmp_path, row("something of its own that nobody else has ever said"), row(LONG.text))
    assert fault.line == 2
    assert f"shares 100% of its words with {LONG.file.name}:{LONG.line}" in fault.problem


def test_what_everybody_writes_is_no_fault(tmp_path: Path) -> None:
    assert written(tmp_path, row(SHORT.text)) == []


@pytest.mark.parametrize("bad", ["{", "[]", '{"id": "a"}', '{"text": 3}'])
def test_a_line_without_a_text_is_a_fault(tmp_path: Path, bad: str) -> None:
    (fault,) = written(tmp_path, row("hi"), bad)
    assert (fault.line, "no JSON object" in fault.problem) == (2, True)


def test_without_a_set_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert list(risk_set.faults(tmp_path, EXAMPLES)) == []


def test_no_model_is_made_from_the_set(tmp_path: Path) -> None:
    """Changing a line of it makes none stale."""
    data = Planted(tmp_path).data
    made_from = training.fingerprint(data), model.fingerprint(data)
    written(data, row("another line"))
    assert (training.fingerprint(data), model.fingerprint(data)) == made_from
