"""One plain spelling for what people write, with a map back to their own characters."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

from bot.text.characters import FOLDS
from bot.text.flags import flag_letters

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_SPACED = re.compile(
    r"(?<![a-z0-9'$@!])[a-z0-9$@!](?:(?:[ ]{1,3}|[.\-_*~|/,]+[ ]?)[a-z0-9$@!](?![a-z0-9'$@])){2,}"
)
_LETTER = re.compile(r"[a-z0-9$@!]")


@dataclass(frozen=True, slots=True)
class Normalised:
    """Lower-case, unaccented text; character i of it came from `original[starts[i]:ends[i]]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @property
    def offsets(self) -> tuple[tuple[int, int], ...]:
        """The original span of each character."""
        return tuple(zip(self.starts, self.ends, strict=True))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original span of the characters from `start` to `end`, not empty."""
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normalised:
    """Undo what hides words: case, accents, invisible and look-alike characters, entities, spaced letters.

    Emoji become their names (`:pistol:`). Letters written apart are joined to one word. Leetspeak and
    misspellings are left to the reader of words, who knows which words there are. Never raises; time
    is linear in the length.
    """
    folded = _plain_ascii(text) or _folded(text)
    return _join_spaced(folded)


def _plain_ascii(text: str) -> Normalised | None:
    """The quick way for text that holds nothing to undo but capitals."""
    if not text.isascii() or "&" in text or not text.replace("\n", "").replace("\t", " ").isprintable():
        return None
    return Normalised(text.replace("\t", " ").lower(), range(len(text)), range(1, len(text) + 1))


def _folded(text: str) -> Normalised:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for start, end, replacement in [*sorted([*_entities(text), *flag_letters(text)]), (len(text), 0, "")]:
        folded = [FOLDS[char] for char in text[at:start]]
        widths = [*map(len, folded)]
        pieces += [*folded, replacement]
        starts.extend(chain.from_iterable(map(repeat, range(at, start), widths)))
        ends.extend(chain.from_iterable(map(repeat, range(at + 1, start + 1), widths)))
        starts += [start] * len(replacement)
        ends += [end] * len(replacement)
        at = end
    return Normalised("".join(pieces), starts, ends)


def _entities(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _ENTITY.finditer(text):
        yield match.start(), match.end(), _unescaped(match.group())


def _unescaped(entity: str) -> str:
    return "".join(FOLDS[char] for char in html.unescape(entity))


def _join_spaced(normalised: Normalised) -> Normalised:
    """`k i l l` and `k.i.l.l` become `kill`; three spaces or a wider sign keep words apart."""
    text = normalised.text
    dropped: set[int] = set()
    for match in _SPACED.finditer(text):
        if sum(char.isalpha() for char in match.group()) >= 3:
            dropped.update(i for i in range(*match.span()) if not _LETTER.match(text[i]))
    if not dropped:
        return normalised
    kept = [i for i in range(len(text)) if i not in dropped]
    return Normalised(
        "".join(text[i] for i in kept),
        [normalised.starts[i] for i in kept],
        [normalised.ends[i] for i in kept],
    )
