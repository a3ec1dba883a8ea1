"""One spelling for what the sentence encoders read."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """The text without differences of case, width, spacing and invisible characters."""
    visible = (
        char for char in unicodedata.normalize("NFKC", text).casefold() if unicodedata.category(char) != "Cf"
    )
    return _SPACE.sub(" ", "".join(visible)).strip()
