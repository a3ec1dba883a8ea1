"""Every case file, line by line: crises are found, near-misses stay quiet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.messages import Experiencer, Kind, Level
from bot.risk import Screener

FOLDER = Path(__file__).parent / "cases"


def _cases(*names: str) -> list[Any]:
    cases = [case for name in names for case in YAML(typ="safe").load(FOLDER / f"{name}.yml")]
    return [pytest.param(case, id=case["text"][:50]) for case in cases]


CRISES = _cases("crisis-en", "crisis-es")
QUIET = _cases("none")


def test_there_are_enough_cases() -> None:
    assert len(CRISES) >= 60
    assert len(QUIET) >= 80


@pytest.mark.parametrize("case", CRISES)
def test_crisis_is_found(screener: Screener, case: dict[str, Any]) -> None:
    risk = screener.screen(case["text"])
    assert risk.level >= Level[case["level"].upper()], (case["note"], risk)
    assert risk.kind == Kind(case["kind"]), (case["note"], risk)
    assert risk.experiencer == Experiencer(case.get("experiencer", "self"))
    if case.get("minor"):
        assert risk.minor


@pytest.mark.parametrize("case", QUIET)
def test_near_miss_stays_quiet(screener: Screener, case: dict[str, Any]) -> None:
    risk = screener.screen(case["text"])
    assert risk.level == Level.NONE, (case["note"], risk)
