"""How answers would fare at other thresholds of the classifier."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bot.evaluation.faq import OUT_OF_SCOPE, Answered
from bot.rates import Rate, share

STEPS: Final = 50
UNANSWERED: Final = frozenset({OUT_OF_SCOPE, "crisis"})
"""What the classifier may find beside a topic; no threshold changes that."""


def at_threshold(
    threshold: float, inside: Sequence[Answered], outside: Sequence[Answered]
) -> Mapping[str, Rate]:
    """What the first candidate alone would lead to: no question back, no rule beside the classifier.

    Args:
        threshold: In [0, 1]; a first candidate below it is not answered.
        inside: Lines in scope.
        outside: Lines out of scope, of which `leaked` would be answered.
    """
    passed = [each for each in inside if _passes(each, threshold)]
    right = sum(each.line.fits(each.candidates[0].topic) for each in passed)
    return {
        "right": Rate(right, len(inside)),
        "wrong": Rate(len(passed) - right, len(inside)),
        "leaked": share(_passes(each, threshold) for each in outside),
    }


def chosen_threshold(model: Path) -> float | None:
    """The score from which the model answers; None where it holds none."""
    try:
        with tarfile.open(model) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.name.endswith("/thresholds.json") else None
                if file is not None:
                    return float(json.load(file)["thresholds"]["answer"])
    except (OSError, tarfile.TarError, ValueError, KeyError):
        return None
    return None


def _passes(each: Answered, threshold: float) -> bool:
    return bool(each.candidates) and each.topic not in UNANSWERED and each.confidence >= threshold
