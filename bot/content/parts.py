"""A text as it goes out by SMS: GSM-7 where it can be, and in parts where it is long."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from bot.content.septets import segments

PART_SEGMENTS: Final = 3
"""Segments of one part: what is sent as one message, and put together by the phone."""
PARTS: Final = 3
"""Messages that one answer is sent in at most (R17); together they stay below the 1,600 of a Twilio body."""
_LABEL: Final = 6
"""Characters of "(1/3) "."""
_CONTROLS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MARKS: Final = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000\t", " "),
        "\u2026": "...",
        "\u200b": "",
        "\u2060": "",
        "\ufeff": "",
    }
)
_SENTENCE: Final = re.compile(r"(?<=[.?!])\s|\n")
_BREAK: Final = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Parts:
    """A text in at most `PARTS` messages, and what is left of it for somebody who asks for more."""

    texts: tuple[str, ...]
    rest: str = ""


def folded(text: str) -> str:
    """The text with typographic quotes, dashes, dots and spaces in the plain form that GSM-7 has.

    Letters are never changed: a Spanish word with an á costs a longer message, not its accent. Control
    characters, which no XML may hold, become spaces.
    """
    plain = unicodedata.normalize("NFC", text.replace("\r\n", "\n").translate(_MARKS))
    return _CONTROLS.sub(" ", plain)


def in_parts(text: str, hint: str = "") -> Parts:
    """A text as messages of at most `PART_SEGMENTS` segments, cut between sentences or words.

    Args:
        text: What is to be said; anything that XML or GSM-7 makes trouble with is folded.
        hint: How to ask for what does not fit; it ends the last part.
    """
    said = folded(text).strip()
    if _fits(said):
        return Parts((said,))
    pieces, rest = _pieces(said, hint)
    return Parts(tuple(f"({place}/{len(pieces)}) {piece}" for place, piece in enumerate(pieces, 1)), rest)


def _pieces(text: str, hint: str) -> tuple[list[str], str]:
    pieces: list[str] = []
    rest = text
    while rest and len(pieces) < PARTS:
        last = len(pieces) == PARTS - 1
        end = f" {hint}" if hint and last and not _fits("x" * _LABEL + rest) else ""
        size = _longest(rest, end)
        pieces.append(rest[:size].rstrip() + end)
        rest = rest[size:].lstrip()
    return pieces, rest


def _longest(text: str, end: str) -> int:
    """How many characters of a text fit into a part with its label and its end."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if _fits("x" * _LABEL + text[:middle] + end):
            low = middle
        else:
            high = middle - 1
    return low if low == len(text) else _cut(text, low)


def _cut(text: str, longest: int) -> int:
    """Where to end a part: after a sentence in its last third, else after a word, else between characters."""
    for pattern, least in ((_SENTENCE, longest * 2 // 3), (_BREAK, longest // 2)):
        ends = [found.end() for found in pattern.finditer(text, 0, longest + 1) if found.start() >= least]
        if ends:
            return min(ends[-1], longest)
    while longest > 1 and _goes_on(text, longest):
        longest -= 1
    return longest


def _goes_on(text: str, place: int) -> bool:
    """Whether a cut here would go through an emoji or between a letter and its accent."""
    joins = ("\u200d", "\ufe0f")
    after = text[place] if place < len(text) else ""
    return after in joins or text[place - 1] == "\u200d" or bool(after and unicodedata.combining(after))


def _fits(text: str) -> bool:
    return segments(text) <= PART_SEGMENTS
