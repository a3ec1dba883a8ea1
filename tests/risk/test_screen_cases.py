"""Every case file, line by line: crises are found, near-misses stay quiet."""

from __future__ import annotations

from typing import Any

import pytest

from bot.messages import Experiencer, Kind, Level
from bot.risk import Screener
from tests.risk.reading import CRISIS_FILES, cases


def _params(*names: str) -> list[Any]:
    return [pytest.param(case, id=case["text"][:50]) for case in cases(*names)]


CRISES = _params(*CRISIS_FILES, "bare", "asked")
CONCERNS = _params("concern")
QUIET = _params("none", "twins", "plain-reasons")
MISSED = _params("missed")


def test_there_are_enough_cases() -> None:
    assert len(CRISES) >= 220
    assert len(QUIET) >= 150


@pytest.mark.parametrize("case", CRISES)
def test_crisis_is_found(screener: Screener, case: dict[str, Any]) -> None:
    risk = screener.screen(case["text"])
    assert risk.level >= Level[case["level"].upper()], (case["note"], risk)
    kinds = case["kind"] if isinstance(case["kind"], list) else [case["kind"]]
    assert risk.kind in {Kind(kind) for kind in kinds}, (case["note"], risk)
    who = case.get("experiencer", "self")
    assert who == "either" or risk.experiencer == Experiencer(who)
    if case.get("minor"):
        assert risk.minor


@pytest.mark.parametrize("case", CONCERNS)
def test_distress_gets_a_kind_question(screener: Screener, case: dict[str, Any]) -> None:
    risk = screener.screen(case["text"])
    assert risk.level == Level.CONCERN, (case["note"], risk)


@pytest.mark.parametrize("case", QUIET)
def test_near_miss_stays_quiet(screener: Screener, case: dict[str, Any]) -> None:
    risk = screener.screen(case["text"])
    assert risk.level == Level.NONE, (case["note"], risk)


@pytest.mark.parametrize("case", MISSED)
def test_known_miss_is_listed_only_while_it_is_missed(screener: Screener, case: dict[str, Any]) -> None:
    risk = screener.screen(case["text"])
    assert risk.level < Level.CRISIS, "found by now: move it from missed.yml to its family"
