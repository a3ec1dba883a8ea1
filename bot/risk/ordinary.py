"""Ordinary talk, which the learned layer must be able to tell from danger.

Without thousands of lines of it the layer alarms at texts that only sound personal. They come from the
MIT-licensed package `chitchat-dataset` (Myers et al., Brigham Young University), students' chat, when the
model is trained; none of it is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
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


class OrdinaryTalkError(Exception):
    """The package with the chat is not installed."""


def ordinary_talk() -> list[str]:
    """Every line without a word of danger or distress (210,000), in an order that never changes.

    Raises:
        OrdinaryTalkError: The package is not installed.
    """
    return sorted({line for line in _lines() if not _NOT_ORDINARY.search(line)}, key=_order)


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


def _order(line: str) -> bytes:
    """An order that has nothing to do with what the lines say, and never changes."""
    return hashlib.blake2b(line.encode(), digest_size=8).digest()
