"""What the rules found and what the learned layer found, as one risk: the higher level wins."""

from __future__ import annotations

from dataclasses import replace

from bot.messages import Cue, Kind, Level, Risk
from bot.risk.learned import Finding


def raised(risk: Risk, finding: Finding) -> Risk:
    """The rules' risk, raised where the learned layer found more; never lowered.

    A cue that names a danger outright knows kind and person better than likeness does.
    """
    version = risk.version if risk.version.endswith(finding.version) else f"{risk.version}+{finding.version}"
    if finding.level <= risk.level:
        return replace(risk, version=version)
    risen = replace(risk, level=finding.level, neighbours=finding.neighbours, version=version)
    if any(_names_danger(cue) for cue in risk.cues):
        return replace(risen, minor=risk.minor or finding.minor)
    return replace(
        risen, kind=finding.kind, experiencer=finding.experiencer, minor=risk.minor or finding.minor
    )


def _names_danger(cue: Cue) -> bool:
    return cue.kind is not Kind.DISTRESS and cue.level > Level.NONE
