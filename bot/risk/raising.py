"""What the rules found and what the learned layer found, as one risk: the higher level wins."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bot.messages import Cue, Kind, Level, Risk
from bot.risk.learned import Finding

FEW_WORDS: Final = 10
LIKE: Final = 0.7
"""In so few words, of which no rule knows any, likeness makes a crisis only from this cosine to an example
on; else we ask. Laughter, tears and gagging are written like that (docs/adr/0008)."""


def raised(risk: Risk, finding: Finding, *, words: int) -> Risk:
    """The rules' risk, raised where the learned layer found more; never lowered.

    A cue that names a danger outright knows kind and person better than likeness does.

    Args:
        risk: What the rules found.
        finding: What the layer found in the same text.
        words: How many words the text has.
    """
    if words <= FEW_WORDS and not risk.cues and not _is_like_an_example(finding):
        finding = replace(finding, level=min(finding.level, Level.CONCERN))
    version = risk.version if risk.version.endswith(finding.version) else f"{risk.version}+{finding.version}"
    if finding.level <= risk.level:
        return replace(risk, version=version)
    risen = replace(risk, level=finding.level, neighbours=finding.neighbours, version=version)
    if any(_names_danger(cue) for cue in risk.cues):
        return replace(risen, minor=risk.minor or finding.minor)
    return replace(
        risen, kind=finding.kind, experiencer=finding.experiencer, minor=risk.minor or finding.minor
    )


def _is_like_an_example(finding: Finding) -> bool:
    return any(near.similarity >= LIKE for near in finding.neighbours)


def _names_danger(cue: Cue) -> bool:
    return cue.kind is not Kind.DISTRESS and cue.level > Level.NONE
