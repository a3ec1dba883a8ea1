"""How the learned layer reads a text: in pieces, and as n-grams."""

from __future__ import annotations

import re
from typing import Final

from bot.text.fold import fold

PIECE: Final = 600
"""Characters of a piece; the encoders read little more, and danger stands in a few sentences."""
PIECES: Final = 6
"""At most so many: the first and the last ones, at 8 ms each."""
_WORD: Final = re.compile(r"\w+")
_END: Final = re.compile(r"(?<=[.!?\n])\s+")


def counted_as(text: str) -> str:
    """How the n-grams are counted: as the encoders read it, and without apostrophes."""
    return fold(text).replace("'", "").replace("\u2019", "")


def words(text: str) -> list[str]:
    """The text's words without its figures, as the n-grams are counted."""
    return [word for word in _WORD.findall(counted_as(text)) if not word.isdigit()]


def pieces(text: str) -> list[str]:
    """The text, or where it is long its first and last pieces of whole sentences."""
    if len(text) <= PIECE:
        return [text]
    found = [""]
    for sentence in _END.split(text[: PIECE * PIECES] + " " + text[PIECE * PIECES :][-PIECE * PIECES :]):
        for start in range(0, len(sentence), PIECE):
            part = sentence[start : start + PIECE]
            if found[-1] and len(found[-1]) + len(part) >= PIECE:
                found.append("")
            found[-1] = f"{found[-1]} {part}".strip()
    half = PIECES // 2
    return found if len(found) <= PIECES else [*found[:half], *found[-half:]]
