"""Agreed labels about danger, scrubbed, as a file that clinicians read before anything is learned from it."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from ruamel.yaml import YAML
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.messages import Kind, Level, Risk
from bot.text.scrub import scrub
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import ReviewItem, Turn, Verdict

HEAD: Final = (
    "# Messages that reviewers agree were read wrongly: dangers that were missed, and false alarms.\n"
    "# Names, numbers and addresses are taken out by a program, which is not enough: a clinician reads\n"
    "# every line, takes out what may still tell who wrote it, and decides which become examples.\n"
    "# These are people's words: keep this file as safe as the database.\n"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One message, scrubbed: what the program found in it and what it should have found."""

    turn: UUID
    text: str
    verdict: Verdict
    found: Level
    kind_found: Kind | None
    level: Level
    kind: Kind | None
    rules: tuple[str, ...]
    settled_at: datetime


async def agreed_cases(
    session: AsyncSession, ring: KeyRing, known: Collection[str], *, since: datetime | None = None
) -> list[Case]:
    """What reviewers agree on, oldest first.

    Args:
        known: Words that are no names though they may be capitalised, as for `scrub`.
        since: Only what was settled from then on.

    Raises:
        DecryptionError: The ring does not fit.
    """
    wanted = (
        select(ReviewItem, Turn)
        .join(Turn, Turn.id == ReviewItem.turn_id)
        .where(
            ReviewItem.settled_at.is_not(None),
            ReviewItem.verdict.in_((Verdict.MISSED, Verdict.FALSE_ALARM)),
        )
        .order_by(ReviewItem.settled_at, ReviewItem.turn_id)
    )
    if since is not None:
        wanted = wanted.where(ReviewItem.settled_at >= since)
    rows = await session.execute(wanted)
    return [_case(ring, item, turn, known) for item, turn in rows.tuples()]


def to_yaml(cases: Sequence[Case]) -> str:
    """The file, one entry a message."""
    entries = [
        {
            "id": case.turn.hex[:8],
            "text": case.text,
            "verdict": case.verdict.value,
            "found": {"level": case.found.name.lower(), "kind": case.kind_found, "rules": list(case.rules)},
            "should_be": {"level": case.level.name.lower(), "kind": case.kind},
            "agreed_on": case.settled_at.date().isoformat(),
        }
        for case in cases
    ]
    out = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 110
    yaml.dump({"cases": _plain(entries)}, out)
    return HEAD + out.getvalue()


def _case(ring: KeyRing, item: ReviewItem, turn: Turn, known: Collection[str]) -> Case:
    risk = Risk.from_json(turn.risk) if turn.risk else Risk()
    return Case(
        turn=turn.id,
        text=scrub(ring.decrypt(turn.body, turn.id), known),
        verdict=item.verdict or Verdict.RIGHT,
        found=turn.level or Level.NONE,
        kind_found=risk.kind,
        level=item.level or Level.NONE,
        kind=item.kind,
        rules=tuple(sorted({cue.rule for cue in risk.cues})),
        settled_at=item.settled_at or turn.created_at,
    )


def _plain(value: object) -> object:
    """Without our own types, which YAML would tag."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, str) else value
