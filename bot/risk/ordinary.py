"""Ordinary talk, which the learned layer must be able to tell from danger.

Without thousands of lines of it the layer alarms at texts that only sound personal. They come from the
MIT-licensed package `chitchat-dataset` (Myers et al., Brigham Young University), students' chat, when the
model is trained; none of it is kept. Half of what is taken are lines that sound most like danger and are
none, found by `bot.risk.mining` and named by their hashes in `data/risk/ordinary.txt`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

SHORTEST, LONGEST = 8, 300
"""Characters of a line that is taken."""
_NOT_ORDINARY: Final = re.compile(
    r"suicid|\b(kill|die[ds]?|dying|dead|death|murder|funeral|passed away)\b|depress|self.?harm|overdos"
    r"|\bcut(ting)? my|\bhurt|abus|\brape|hopeless|therap|anxi|\bgun\b|\bpills?\b|\bdrugs?\b|drunk|\bcry"
    r"|lonely|\bsad\b|scared|\bpain\b|hospital|hate my|miserable|worthless|give up|panic",
    re.IGNORECASE,
)
"""Talk of danger and distress, some of it real: not for a machine to call harmless unread."""


AT_RANDOM: Final = 1_500
LIST: Final = "ordinary.txt"
"""The file of hashes beside the cue files."""


class OrdinaryTalkError(Exception):
    """The package with the chat is not installed."""


def chosen_talk(file: Path) -> list[str]:
    """The lines that a layer is trained on: some at random, and those that the file lists.

    Raises:
        OrdinaryTalkError: The package is not installed, or the file cannot be read.
    """
    try:
        listed = set(file.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise OrdinaryTalkError(f"{file} cannot be read ({error}); restore it from git") from error
    talk = ordinary_talk()
    return [*talk[:AT_RANDOM], *(line for line in talk[AT_RANDOM:] if line_id(line) in listed)]


def ordinary_talk() -> list[str]:
    """Every line without a word of danger or distress (210,000), in an order that never changes.

    Raises:
        OrdinaryTalkError: The package is not installed.
    """
    return sorted({line for line in _lines() if not _NOT_ORDINARY.search(line)}, key=line_id)


def _lines() -> Iterator[str]:
    try:
        conversations = import_module("chitchat_dataset").Dataset().values()
    except ImportError as error:
        raise OrdinaryTalkError("the package chitchat-dataset is not installed; run 'make setup'") from error
    for conversation in conversations:
        for said in conversation["messages"]:
            yield from _fitting(each["text"] for each in said)


def _fitting(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        line = " ".join(text.split())
        if SHORTEST <= len(line) <= LONGEST:
            yield line


def line_id(line: str) -> str:
    """A name for a line that has nothing to do with what it says; sorting by it shuffles, always alike."""
    return hashlib.blake2b(line.encode(), digest_size=8).hexdigest()
