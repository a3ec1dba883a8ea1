"""Writing the hash of a reviewed text into its file."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path

from bot.content.store import ContentError, examine
from bot.content.texts import Curated, digest
from bot.text.fault import Fault

_HASH_LINE = re.compile(r"(\s*sha256:\s*).*")


def stamp(data: Path, topic: str | None = None) -> tuple[str, ...]:
    """Write the hash of every text, or of one file's texts, and leave each file's other lines as they are.

    Args:
        data: The data folder.
        topic: The name of a file in `responses/` or `cards/`, without its ending.

    Returns:
        The names of the texts whose hash changed.

    Raises:
        ContentError: A file cannot be read, there is none of that name, or a text has no `sha256:` line.
    """
    content, faults = examine(data)
    if content is None:
        raise ContentError(tuple(faults))
    texts = [
        text
        for text in (*content.responses.values(), *content.cards.values())
        if topic is None or text.file.stem == topic
    ]
    if not texts:
        remedy = "Give the name of a file in data/responses or data/cards, without .yml."
        raise ContentError((Fault(data, 0, f"there is no text named '{topic}'", remedy),))
    stale: dict[Path, list[Curated]] = defaultdict(list)
    for text in texts:
        if text.review.sha256 != digest(text):
            stale[text.file].append(text)
    for file, changed in stale.items():
        _rewrite(file, changed)
    return tuple(text.name for changed in stale.values() for text in changed)


def _rewrite(file: Path, texts: list[Curated]) -> None:
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for text in texts:
        if not text.review.hash_line:
            remedy = 'Add sha256: "" below status:.'
            raise ContentError((Fault(file, text.line, f"'{text.name}' has no sha256", remedy),))
        position = text.review.hash_line - 1
        lines[position] = _HASH_LINE.sub(rf'\g<1>"{digest(text)}"', lines[position])
    # Whole or not at all: a half-written file would stop the next start.
    draft = file.with_suffix(".yml.new")
    draft.write_text("".join(lines), encoding="utf-8")
    os.replace(draft, file)
