"""What a person wrote, out of what arrived."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

_ENCODED: Final = re.compile(r"(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
"""Sixteen characters or more, without a space: nobody writes so."""


def readable(text: str) -> str:
    """The text, decoded where a gateway has passed it on as base64, as some do with parts of a long one."""
    compact = text.strip().replace("\n", "").replace("\r", "")
    if not _ENCODED.fullmatch(compact):
        return text
    try:
        decoded = base64.b64decode(compact, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return text
    # A long word in letters alone also decodes, but not to words.
    return decoded if decoded.replace("\n", " ").isprintable() and " " in decoded.strip() else text
