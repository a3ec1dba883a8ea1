"""Texts of a collection that share most of their words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc`")
_WORD = re.compile(r"\w+")

Token = tuple[str, int]
"""A word, and how many times the text held it before."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two texts by their places in the collection, and the part of the longer one's words that they share."""

    first: int
    second: int
    share: float


def overlaps(texts: Sequence[str], *, share: float) -> Iterator[Overlap]:
    """Each text that shares at least `share` of its words with one before it, once.

    Case, accents, apostrophes and punctuation do not count; a word counts as often as it is there.
    Texts that share so much must share one of their rarest words, so only those are looked up
    (prefix filtering: Chaudhuri et al., 2006): 5,000 messages take a fraction of a second.
    """
    tokens = [frozenset(_tokens(text)) for text in texts]
    frequency = Counter(token for each in tokens for token in each)
    holders: dict[Token, list[int]] = defaultdict(list)
    for second, own in enumerate(tokens):
        rarest = sorted(own, key=lambda token: (frequency[token], token))
        rarest = rarest[: len(own) - ceil(share * len(own)) + 1]
        others = {first for token in rarest for first in holders[token]}
        found = max(
            (Overlap(first, second, _share(tokens[first], own)) for first in others),
            key=_by_share,
            default=None,
        )
        if found is not None and found.share >= share:
            yield found
        for token in rarest:
            holders[token].append(second)


def _share(one: frozenset[Token], other: frozenset[Token]) -> float:
    return len(one & other) / max(len(one), len(other))


def _by_share(found: Overlap) -> tuple[float, int]:
    return found.share, -found.first


def _tokens(text: str) -> Iterator[Token]:
    bare = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES))
    seen: Counter[str] = Counter()
    for word in _WORD.findall("".join(char for char in bare if not unicodedata.combining(char)).casefold()):
        yield word, seen[word]
        seen[word] += 1
