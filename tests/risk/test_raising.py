"""The learned layer raises what the rules found, and never lowers it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from bot.messages import Cue, Experiencer, Kind, Level, Neighbour, Risk
from bot.risk.learned import Finding
from bot.risk.raising import FEW_WORDS, LIKE
from bot.risk.raising import raised as raised_in

NEAR = (Neighbour("crisis-overdose.00000000", 0.8),)
CUES = {kind: Cue("some.rule", 0, 4, Level.CONCERN, kind) for kind in (Kind.DISTRESS, Kind.ABUSE)}


def raised(risk: Risk, found: Finding) -> Risk:
    """As in a text of many words."""
    return raised_in(risk, found, words=30)


def finding(level: Level) -> Finding:
    return Finding(
        level, Kind.OVERDOSE, Experiencer.OTHER, True, 0.9, 0.95, neighbours=NEAR, version="learned-1"
    )


@pytest.mark.parametrize(("rules", "learned"), [*product(Level, (Level.NONE, Level.CONCERN, Level.CRISIS))])
def test_the_higher_level_wins(rules: Level, learned: Level) -> None:
    assert raised(Risk(level=rules, version="rules-1"), finding(learned)).level == max(rules, learned)


def test_what_it_raises_alone_has_its_kind_and_person() -> None:
    risk = raised(Risk(version="rules-1"), finding(Level.CRISIS))
    assert (risk.kind, risk.experiencer, risk.minor) == (Kind.OVERDOSE, Experiencer.OTHER, True)
    assert risk.neighbours == NEAR
    assert risk.version == "rules-1+learned-1"


def test_a_cue_that_names_a_danger_keeps_kind_and_person() -> None:
    found = Risk(level=Level.CONCERN, kind=Kind.ABUSE, cues=(CUES[Kind.ABUSE],), version="rules-1")
    risk = raised(found, finding(Level.CRISIS))
    assert (risk.level, risk.kind, risk.experiencer) == (Level.CRISIS, Kind.ABUSE, Experiencer.SELF)
    assert risk.cues == found.cues


def test_distress_gives_way_to_the_kind_it_finds() -> None:
    found = Risk(level=Level.CONCERN, kind=Kind.DISTRESS, cues=(CUES[Kind.DISTRESS],), version="rules-1")
    assert raised(found, finding(Level.CRISIS)).kind is Kind.OVERDOSE


def test_where_the_rules_stand_only_the_version_tells() -> None:
    found = Risk(level=Level.EMERGENCY, kind=Kind.SUICIDE, version="rules-1")
    risk = raised(found, finding(Level.CRISIS))
    assert (risk.kind, risk.neighbours, risk.version) == (Kind.SUICIDE, (), "rules-1+learned-1")


def test_twice_names_the_version_once() -> None:
    twice = raised(raised(Risk(version="rules-1"), finding(Level.CONCERN)), finding(Level.CRISIS))
    assert twice.version == "rules-1+learned-1"


def test_stored_risk_keeps_ids_and_likeness() -> None:
    risk = raised(Risk(version="rules-1"), finding(Level.CRISIS))
    assert Risk.from_json(risk.to_json()) == risk


def test_risk_stored_before_there_were_neighbours() -> None:
    stored = Risk(level=Level.CRISIS, kind=Kind.SUICIDE, version="rules-1").to_json()
    del stored["neighbours"]
    assert Risk.from_json(stored).neighbours == ()


@pytest.mark.parametrize(
    ("words", "cues", "likeness", "level"),
    [
        (FEW_WORDS, (), LIKE - 0.01, Level.CONCERN),
        (FEW_WORDS + 1, (), LIKE - 0.01, Level.CRISIS),
        (FEW_WORDS, (CUES[Kind.DISTRESS],), LIKE - 0.01, Level.CRISIS),
        (FEW_WORDS, (), LIKE, Level.CRISIS),
    ],
)
def test_a_few_words_without_a_cue_must_be_like_an_example(
    words: int, cues: tuple[Cue, ...], likeness: float, level: Level
) -> None:
    near = (Neighbour("crisis-overdose.00000000", likeness),)
    found = replace(finding(Level.CRISIS), neighbours=near)
    assert raised_in(Risk(cues=cues, version="rules-1"), found, words=words).level == level
