"""Numbers in part: enough to tell two apart, not enough to call."""

from __future__ import annotations

import re
from typing import Final

SHOWN: Final = 2
"""Digits that are left at the end."""
DOT: Final = "•"
_NUMBER: Final = re.compile(r"(?<!\w)[+(]?\d(?:[\s().\-/]{0,3}\d){6,}(?!\w)")
"""Seven digits or more, however they are spaced."""


def mask_number(number: str) -> str:
    """A phone number with all but its last digits hidden; as long as it was."""
    last = [place for place, char in enumerate(number) if char.isdecimal()][-SHOWN:]
    return "".join(
        DOT if char.isdecimal() and place not in last else char for place, char in enumerate(number)
    )


def mask_numbers(text: str) -> str:
    """A text with every number in it masked. It keeps its length, so that offsets into it still fit."""
    return _NUMBER.sub(lambda found: mask_number(found[0]), text)
