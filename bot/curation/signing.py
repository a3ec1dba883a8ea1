"""Signing a text off: who read it, on which day, and the hash of what was read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from bot.checks import check
from bot.content import ContentError, examine
from bot.content.rewrite import rewrite
from bot.content.stamp import review_line, select
from bot.content.texts import SIGNED, Curated, changed, digest
from bot.text.fault import Fault


def sign(data: Path, topic: str, *, reviewer: str, on: date) -> tuple[str, ...]:
    """Write reviewer, day, status and hash of a topic's texts; their files' other lines stay as they are.

    Args:
        data: The data folder.
        topic: A file in `responses/` or `cards/` without its ending, or a topic, response or card.
        reviewer: The clinician's name, in one line.
        on: The day.

    Returns:
        The names of the texts signed.

    Raises:
        ContentError: There is no such text, the name is blank, or `check` finds a fault in a file of these
            texts, other than that they were changed since their last review. Nothing is written then.
    """
    content, faults = examine(data)
    if content is None:
        raise ContentError(tuple(faults))
    texts = select(content, topic)
    _refuse_unready(data, texts, reviewer)
    values: dict[Path, dict[int, str]] = defaultdict(dict)
    for text in texts:
        values[text.file].update(_signature(text, reviewer.strip(), on))
    for file, lines in values.items():
        rewrite(file, lines)
    return tuple(text.name for text in texts)


def _refuse_unready(data: Path, texts: Sequence[Curated], reviewer: str) -> None:
    if not reviewer.strip() or not reviewer.isprintable():
        fault = Fault(texts[0].file, 0, "there is no name to sign with", "Give --reviewer 'Dr. A. Example'.")
        raise ContentError((fault,))
    files = {text.file for text in texts}
    mended = {Fault(text.file, *problem) for text in texts for problem in changed(text)}
    wrong = tuple(fault for fault in check(data) if fault.file in files and fault not in mended)
    if wrong:
        raise ContentError(wrong)


def _signature(text: Curated, reviewer: str, on: date) -> dict[int, str]:
    review = replace(text.review, reviewer=reviewer, reviewed_on=on.isoformat(), status=SIGNED)
    values = {
        "reviewer": json.dumps(reviewer, ensure_ascii=False),
        "reviewed_on": json.dumps(on.isoformat()),
        "status": SIGNED,
        "sha256": json.dumps(digest(replace(text, review=review))),
    }
    return {review_line(text, key): value for key, value in values.items()}
