"""What a form of the review pages says: a verdict, or why it is none."""

from __future__ import annotations

from collections.abc import Mapping

from bot.messages import Kind, Level
from bot.reviewing.verdicts import NOTHING, Judgement, VerdictError, judged_blind
from bot.transcripts.tables import ReviewStage, Turn, Verdict


def stage_of(form: Mapping[str, str]) -> ReviewStage:
    """In which round it is filled in."""
    asked = form.get("stage", "")
    return ReviewStage(asked) if asked in set(ReviewStage) else ReviewStage.FIRST


def judgement_of(form: Mapping[str, str], turn: Turn, stage: ReviewStage) -> Judgement:
    """What a form says.

    Raises:
        VerdictError: It says too little.
    """
    level, kind = _level(form.get("level", "")), form.get("kind", "")
    danger = Kind(kind) if kind in set(Kind) else None
    topic = form.get("topic", "")[:128]
    if stage is ReviewStage.SECOND:
        if level is None:
            raise VerdictError("Choose what you read in the message.")
        return judged_blind(turn, level, danger, NOTHING if topic == "-" else topic)
    if form.get("verdict", "") not in set(Verdict):
        raise VerdictError("Choose a verdict.")
    label = {"": None, "-": NOTHING}.get(topic, topic)
    judgement = Judgement(verdict=Verdict(form["verdict"]), label=label, level=level, kind=danger)
    return judgement.checked(turn.level or Level.NONE)


def _level(name: str) -> Level | None:
    return Level[name.upper()] if name.upper() in Level.__members__ else None
