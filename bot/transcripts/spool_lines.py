"""Lines of the spool: an entry each, encrypted and bound to its place in its file."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from bot.messages import Level
from bot.transcripts.encryption import DecryptionError, KeyRing
from bot.transcripts.entries import (
    AcceptedEntry,
    CallBackEntry,
    Entry,
    RecordedEntry,
    entry_from_json,
    entry_to_json,
)

EMPTIED: Final = b"-\n"
"""A line whose words were deleted; the lines after it keep their numbers, which they are bound to."""


def row_of(file: UUID, line: int) -> UUID:
    """What a line is bound to: its file and its number in it, from 0."""
    return uuid5(file, str(line))


def seal(ring: KeyRing, entry: Entry, row: UUID) -> bytes:
    """The line of an entry."""
    sealed = ring.encrypt(json.dumps(entry_to_json(entry)), row, field="entry")
    return base64.b64encode(sealed) + b"\n"


def unseal(ring: KeyRing, line: bytes, row: UUID) -> Entry | None:
    """The entry in a line; None for one that was torn or damaged, or whose key is gone."""
    if not line.endswith(b"\n"):
        return None
    try:
        sealed = base64.b64decode(line, validate=False)
        return entry_from_json(json.loads(ring.decrypt(sealed, row, field="entry")))
    except (binascii.Error, DecryptionError, KeyError, TypeError, ValueError):
        return None


def time_of(entry: Entry) -> datetime:
    """When what an entry tells of was."""
    return entry.message.received_at if isinstance(entry, AcceptedEntry) else entry.at


def is_forgettable(entry: Entry | None, conversation: UUID, everything: bool) -> bool:
    """Whether an entry is of a conversation and, unless `everything` goes, no hand-off may rest on it."""
    if isinstance(entry, AcceptedEntry):
        own = entry.message.conversation == conversation
        return own and (everything or entry.risk.level < Level.CRISIS)
    if isinstance(entry, CallBackEntry):
        return everything and entry.conversation == conversation
    return isinstance(entry, RecordedEntry) and entry.conversation == conversation
