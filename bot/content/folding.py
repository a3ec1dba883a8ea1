"""Words as a person means them, without case, accents, apostrophes and punctuation."""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc`")
_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> tuple[str, ...]:
    """The words of a text: "¿Dónde? St. John's!" is donde, st, johns."""
    bare = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    return tuple(_WORD.findall("".join(char for char in bare if not unicodedata.combining(char)).casefold()))
