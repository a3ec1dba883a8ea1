"""What is done to a raw text before anything else sees it."""

from __future__ import annotations

import re

from bot.messages import MAX_TEXT
from bot.text.characters import is_invisible

_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """The text with NUL, other control characters and lone surrogates replaced; same length, never raises.

    Tab, line feed and carriage return stay. After this the text can be encoded and stored.
    """
    return _UNSENDABLE.sub(REPLACEMENT, text)


def plain(text: str) -> str:
    """The text as words alone: nothing that Rasa would read as a command, at most `MAX_TEXT` characters.

    Rasa reads a message that begins with a slash as an intent, so every leading slash goes, with the
    spaces and invisible characters around it (R1).
    """
    cleaned = clean(text).replace(REPLACEMENT, " ")
    start = 0
    while start < len(cleaned) and _is_skipped(cleaned[start]):
        start += 1
    return cleaned[start : start + MAX_TEXT].rstrip()


def _is_skipped(char: str) -> bool:
    return char in "/\uff0f\u2044\u2215" or char.isspace() or is_invisible(char)
