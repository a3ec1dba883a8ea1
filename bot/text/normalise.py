"""One plain spelling for what people write, with a map back to their own characters."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise, repeat, starmap

from bot.text.characters import KEPT_RUN, folds
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


@dataclass(slots=True)
class _Folding:
    """A text on its way: what has been read so far, and where each character of it stands."""

    text: str
    read_as: Mapping[str, str]
    pieces: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def fold(self, at: int, end: int) -> None:
        """Read the characters from `at` to `end` one by one, those in long kept runs together."""
        for run in KEPT_RUN.finditer(self.text, at, end):
            self._fold_each(at, run.start())
            at = run.end()
            self._add([run.group()], range(*run.span()))
        self._fold_each(at, end)

    def replace(self, start: int, end: int, replacement: str) -> None:
        """Read all that stands from `start` to `end` as the replacement."""
        self.pieces.append(replacement)
        self.starts += [start] * len(replacement)
        self.ends += [end] * len(replacement)

    def _fold_each(self, at: int, end: int) -> None:
        folded = [*map(self.read_as.__getitem__, self.text[at:end])]
        self._add(folded, [*chain.from_iterable(map(repeat, range(at, end), map(len, folded)))])

    def _add(self, pieces: Sequence[str], places: Sequence[int]) -> None:
        self.pieces += pieces
        self.starts += places
        self.ends.extend(map((1).__add__, places))


def _folded(text: str) -> Normalised:
    folding = _Folding(text, folds(KEPT_RUN.sub("", text)))
    at = 0
    for start, end, replacement in sorted([*_entities(text), *flag_letters(text)]):
        folding.fold(at, start)
        folding.replace(start, end, replacement)
        at = end
    folding.fold(at, len(text))
    return Normalised("".join(folding.pieces), folding.starts, folding.ends)


def _entities(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _ENTITY.finditer(text):
        yield match.start(), match.end(), _unescaped(match.group())


def _unescaped(entity: str) -> str:
    plain = html.unescape(entity)
    return "".join(map(folds(plain).__getitem__, plain))


def _join_spaced(normalised: Normalised) -> Normalised:
    """`k i l l` and `k.i.l.l` become `kill`; three spaces or a wider sign keep words apart."""
    text = normalised.text
    dropped: list[int] = []
    for match in _SPACED.finditer(text):
        if sum(char.isalpha() for char in match.group()) >= 3:
            dropped.extend(i for i in range(*match.span()) if not _LETTER.match(text[i]))
    if not dropped:
        return normalised
    kept = [*starmap(slice, pairwise([0, *chain.from_iterable((i, i + 1) for i in dropped), len(text)]))][::2]
    return Normalised(
        "".join(text[part] for part in kept),
        [*chain.from_iterable(normalised.starts[part] for part in kept)],
        [*chain.from_iterable(normalised.ends[part] for part in kept)],
    )
