"""Writing the hash of a reviewed text into its file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from bot.content.rewrite import rewrite
from bot.content.store import Content, ContentError, examine
from bot.content.texts import PENDING, Curated, digest
from bot.text.fault import Fault


def stamp(data: Path, topic: str | None = None) -> tuple[str, ...]:
    """Write the hash of every text, or of some, and leave each file's other lines as they are.

    A text that was changed since a clinician signed it becomes pending: only signing signs.

    Args:
        data: The data folder.
        topic: As `select` reads it; None for all.

    Returns:
        The names of the texts whose hash changed.

    Raises:
        ContentError: A file cannot be read, there is none of that name, or a text has no `sha256:` line.
    """
    content, faults = examine(data)
    if content is None:
        raise ContentError(tuple(faults))
    texts = content.texts if topic is None else select(content, topic)
    stale: dict[Path, list[Curated]] = defaultdict(list)
    for text in texts:
        if text.review.sha256 != digest(text):
            stale[text.file].append(text)
    for file, changed in stale.items():
        rewrite(file, {line: value for text in changed for line, value in _stamped(text).items()})
    return tuple(text.name for changed in stale.values() for text in changed)


def _stamped(text: Curated) -> dict[int, str]:
    """The lines to write."""
    if not text.review.signed:
        return {review_line(text, "sha256"): f'"{digest(text)}"'}
    pending = replace(text, review=replace(text.review, status=PENDING))
    return {review_line(text, "sha256"): f'"{digest(pending)}"', review_line(text, "status"): PENDING}


def select(content: Content, name: str) -> tuple[Curated, ...]:
    """The texts that somebody means by a name: a file without its ending, a topic, a response or a card.

    Raises:
        ContentError: There is none.
    """
    texts = tuple(
        text
        for text in content.texts
        if name in (text.file.stem, text.name, text.name.removeprefix("utter_").rpartition("/")[2])
    )
    if not texts:
        remedy = "Give the name of a file in data/responses or data/cards, without .yml, or of a topic."
        raise ContentError((Fault(content.data, 0, f"there is no text named '{name}'", remedy),))
    return texts


def review_line(text: Curated, key: str) -> int:
    """The line of a text's review that holds a key.

    Raises:
        ContentError: There is none.
    """
    line = text.review.lines.get(key)
    if line is None:
        remedy = f'Add {key}: "" to its metadata.'
        raise ContentError((Fault(text.file, text.line, f"'{text.name}' has no {key}", remedy),))
    return line
