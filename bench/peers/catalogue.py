"""Who is compared, and how what each says is read as crisis, concern or none.

Where a reading is open, it is the one that finds more crises: a peer is not made to look worse.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.evaluation.risk import CONCERN, CRISIS, NONE

OURS: Final = Path(sys.executable)
"""The environment that Harborline runs in."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A detector.

    Args:
        name: The head of its column.
        module: What is run with `python -m`, and its arguments.
        levels: From its own words to ours.
        what: What it is, in a line.
        reading: How `levels` came about, in a line.
        distribution: The name on PyPI; None where nothing has to be installed.
        requirement: What is installed, with the version that `levels` was written for.
    """

    name: str
    module: Sequence[str]
    levels: Mapping[str, str]
    what: str
    reading: str
    distribution: str | None = None
    requirement: str | None = None

    def command(self, environment: Path) -> list[str]:
        """How it is run.

        Args:
            environment: The interpreter of the peers' own environment.
        """
        python = OURS if self.distribution is None else environment
        return [str(python), "-m", *self.module]


def _published(name: str, requirement: str, levels: Mapping[str, str], what: str, reading: str) -> Peer:
    distribution = requirement.partition("==")[0].partition("[")[0]
    module = ("bench.peers.published", distribution)
    return Peer(name, module, levels, what, reading, distribution, requirement)


_FOUND: Final = {"crisis": CRISIS, "nothing": NONE}
_LEVELS: Final = {"NONE": NONE, "CONCERN": CONCERN, "CRISIS": CRISIS, "EMERGENCY": CRISIS}
_AS_EVALUATED: Final = "EMERGENCY and CRISIS are a crisis"

PEERS: Final = (
    _published(
        "bh-sentinel",
        "bh-sentinel-core==0.1.2",
        {
            "CRITICAL": CRISIS,
            "HIGH": CRISIS,
            "MEDIUM": CONCERN,
            "LOW": CONCERN,
            "nothing": NONE,
            "refused": NONE,
        },
        "patterns, negation and tense for clinicians' notes and messages; 40 flags in six domains; English",
        "by its most severe flag: CRITICAL and HIGH are a crisis, MEDIUM and LOW a concern",
    ),
    _published(
        "pantheon",
        "pantheon-guardrails==0.3.2",
        _FOUND,
        "the crisis protocol of a set of guardrails for agents: six patterns; English",
        "triggered is a crisis; it knows no concern",
    ),
    _published(
        "cogno-aegis",
        "cogno-aegis==0.1.0",
        _FOUND,
        "the crisis rules of an input guard: thirteen patterns; English and Portuguese",
        "stopped as CRISIS is a crisis; it knows no concern",
    ),
    _published(
        "rrt-advocate",
        "rrt-advocate[vader]==0.1.1",
        {"BLACK": CRISIS, "RED": CRISIS, "ORANGE": CONCERN, "YELLOW": CONCERN, "GREEN": NONE},
        "keywords, VADER sentiment and behaviour, weighed; a prototype by its own account; English",
        "BLACK (emergency) and RED (critical) are a crisis, ORANGE and YELLOW a concern",
    ),
    Peer(
        "keywords",
        ("bench.peers.keywords",),
        _FOUND,
        "25 obvious words (bench/peers/keywords.py); English and Spanish",
        "any of them is a crisis",
    ),
    Peer(
        "our rules",
        ("bench.peers.harborline", "--rules-only"),
        _LEVELS,
        "Harborline, the rules of data/risk alone; English and Spanish",
        _AS_EVALUATED,
    ),
    Peer(
        "rules+learned",
        ("bench.peers.harborline",),
        _LEVELS,
        "Harborline as it runs: rules and the learned layer; English and Spanish",
        _AS_EVALUATED,
    ),
)
