"""Cue files that are missing or wrong stop the start, with file, line and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.messages import Level
from bot.risk import RiskDataError, Screener


@pytest.fixture
def copy(cue_folder: Path, tmp_path: Path) -> Path:
    """Two of the files, which are a whole grammar and load quickly."""
    folder = tmp_path / "risk"
    folder.mkdir()
    for name in ("00-words.yml", "40-distress.yml"):
        shutil.copy(cue_folder / name, folder)
    return folder


def _append(folder: Path, text: str) -> Path:
    file = folder / "90-new.yml"
    file.write_text(text, encoding="utf-8")
    return file


def _faults(folder: Path) -> RiskDataError:
    with pytest.raises(RiskDataError) as caught:
        Screener.load(folder)
    return caught.value


def test_missing_folder(tmp_path: Path) -> None:
    error = _faults(tmp_path / "nothing")
    assert "no cue files" in str(error)


def test_not_yaml_names_the_line(copy: Path) -> None:
    _append(copy, "rules:\n  a:\n    patterns: [unclosed\n")
    [fault] = _faults(copy).faults
    assert fault.file.name == "90-new.yml"
    assert fault.line >= 3


def test_not_utf8(copy: Path) -> None:
    (copy / "90-new.yml").write_bytes(b"rules: \xff\xfe")
    assert "cannot be read" in str(_faults(copy))


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("rulez: {}\n", 1, "unknown section"),
        ("- a\n", 0, "not a mapping"),
        ("rules:\n  a: {kind: suicide, level: crisis}\n", 2, "lacks 'patterns'"),
        ("rules:\n  a:\n    kind: sadness\n    level: crisis\n    patterns: [dire straits]\n", 2, "sadness"),
        ("rules:\n  a:\n    kind: suicide\n    level: high\n    patterns: [dire straits]\n", 2, "HIGH"),
        (
            "rules:\n  a:\n    kind: suicide\n    level: crisis\n    patterns:\n      - die $nowhere\n",
            6,
            "$nowhere",
        ),
        (
            "rules:\n  a:\n    kind: suicide\n    level: crisis\n    patterns:\n      - die <nobody>\n",
            6,
            "<nobody>",
        ),
        (
            "rules:\n  a:\n    kind: suicide\n    level: crisis\n    patterns:\n      - (die\n",
            6,
            "not closed",
        ),
        ("rules:\n  a:\n    kind: suicide\n    level: crisis\n    patterns:\n      - ~3\n", 6, "any text"),
        (
            "rules:\n  a:\n    kind: suicide\n    level: crisis\n    patterns:\n      - die really\n",
            6,
            "filler",
        ),
        ("rules:\n  a:\n    kind: suicide\n    patterns:\n      - die\n", 2, "needs kind and level"),
        ("rules:\n  a: {patterns: [die], colour: red}\n", 2, "unknown key"),
        ("rules:\n  a: {patterns: [die]}\n  a: {patterns: [die]}\n", 3, "there twice"),
        ("classes:\n  loop: [$loop]\nrules:\n  a:\n    patterns:\n      - $loop\n", 6, "contains itself"),
        ("pairs:\n  one: [single]\n", 2, "not two texts"),
        ("combinations:\n  c: {all: moonlight, level: crisis, kind: suicide}\n", 2, "moonlight"),
        ("combinations:\n  c: {level: crisis, kind: suicide}\n", 2, "names no signs"),
        ("contexts:\n  c: {scope: sideways, effect: {hint: none}, triggers: [die]}\n", 2, "sideways"),
        (
            "contexts:\n  c: {scope: message, effect: {hint: none}, rules: moon, triggers: [die]}\n",
            2,
            "'moon'",
        ),
    ],
)
def test_fault_names_file_line_and_problem(copy: Path, text: str, line: int, problem: str) -> None:
    _append(copy, text)
    faults = [fault for fault in _faults(copy).faults if fault.file.name == "90-new.yml"]
    assert [fault for fault in faults if fault.line == line and problem in fault.problem and fault.remedy], (
        faults
    )


def test_every_fault_is_told_at_once(copy: Path) -> None:
    _append(copy, "rulez: {}\nrules:\n  a: {patterns: [die $x]}\n  b: {patterns: [die $y]}\n")
    assert len(_faults(copy).faults) == 3


def test_version_follows_the_files(copy: Path) -> None:
    before = Screener.load(copy).version
    _append(copy, "classes:\n  weather: [rain]\n")
    assert Screener.load(copy).version != before


def test_added_rule_is_in_force(copy: Path) -> None:
    _append(copy, "rules:\n  new: {kind: distress, level: concern, patterns: [purple elephant day]}\n")
    risk = Screener.load(copy).screen("it is a purple elephant day")
    assert [cue.rule for cue in risk.cues] == ["new"]


def test_a_context_of_one_rule_leaves_the_others_alone(copy: Path) -> None:
    rule = "{kind: distress, level: concern, patterns: [purple %s]}"
    rules = f"rules:\n  a: {rule % 'elephant'}\n  b: {rule % 'giraffe'}\n"
    context = "contexts:\n  c: {scope: message, effect: {ideation: none}, rules: a, triggers: [zoo]}\n"
    _append(copy, rules + context)
    screener = Screener.load(copy)
    assert screener.screen("a purple elephant").level == Level.CONCERN
    assert screener.screen("a purple elephant at the zoo").level == Level.NONE
    assert screener.screen("a purple giraffe at the zoo").level == Level.CONCERN
