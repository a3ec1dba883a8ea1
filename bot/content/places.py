"""Which of the clinic's cities a text names, in spite of typing mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rapidfuzz.distance import OSA

from bot.content.folding import words

_SAME = {"saint": "st", "sainte": "st", "mount": "mt", "fort": "ft"}
_LONGEST = 3
"""Words in the longest city name."""


class Places:
    """The cities served.

    A city is found when each of its words is there with at most one slip in a word of four to seven
    letters, two in a longer one, none in a shorter one: "Tmapa" is Tampa, "Port St. Joe" is not
    Port St. John. Coverage must never be invented, so nothing looser counts.
    """

    def __init__(self, cities: Sequence[str], *, aliases: Mapping[str, str], ordinary_words: str) -> None:
        self.cities = tuple(cities)
        spelled = {_fold(alias): city for alias, city in aliases.items()} | {
            _fold(city): city for city in cities
        }
        self._spelled = spelled
        self._joined = {"".join(name): city for name, city in spelled.items()}
        self._ordinary = frozenset(_fold(ordinary_words))

    def city(self, text: str) -> str | None:
        """The listed city that a text names, or None. Long names win over short ones."""
        spans = tuple(_spans(_fold(text)))
        exact = (self._spelled.get(span) or self._joined.get("".join(span)) for span in spans)
        near = (self._near(span) for span in spans)
        return next((city for city in (*exact, *near) if city), None)

    def names_place(self, text: str) -> bool:
        """Whether a question about places holds a word that could be the name of one."""
        return any(word not in self._ordinary and not word.isdecimal() for word in _fold(text))

    def _near(self, span: tuple[str, ...]) -> str | None:
        if self._ordinary.issuperset(span):
            return None
        return next((city for name, city in self._spelled.items() if _alike(span, name)), None)


def _fold(text: str) -> tuple[str, ...]:
    """Words without case, accents and points; "Saint" as "st"."""
    return tuple(_SAME.get(word, word) for word in words(text))


def _spans(said: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(min(_LONGEST, len(said)), 0, -1):
        for start in range(len(said) - size + 1):
            yield tuple(said[start : start + size])


def _alike(span: Sequence[str], name: Sequence[str]) -> bool:
    return len(span) == len(name) and all(
        OSA.distance(typed, meant) <= _slips(meant) for typed, meant in zip(span, name, strict=True)
    )


def _slips(word: str) -> int:
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2
