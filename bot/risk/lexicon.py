"""Words to codes: every word that the grammar knows is one character, so that rules are regular expressions.

A text becomes a short string of codes, a class of words a character set, and a gap a counted
repetition: matching takes microseconds and never backtracks across a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from bot.text.normalise import Normalised

SENTENCE = "\u3002"
QUESTION = "\u3003"
SOFT = "\u3001"
UNKNOWN = "\u3007"
AGE = "<age>"
NUMBER = "<number>"
YEAR = "<year>"
FEW = "<few>"
NUMERALS = (FEW, AGE, NUMBER, YEAR)
MIN_AGE = 5
ADULT = 18
FIRST_CODE = 0x4E00
CAREFUL_TOKENS = 25_000
"""Words of one text (about 100 kB) whose disguises are undone; the rest are looked up as they are written,
so that a megabyte is read within a second."""

LONGEST_PART = 14
SHORTEST_SLIP = 6
"""Letters from which a word with a slip is still told from its neighbours: `killing`, not `die`."""

_TOKEN = re.compile(
    r":[a-z0-9_]{2,}:|[^\W_](?:(?:[^\W_]|['$@!|*#+])*(?:[^\W_]|[*$]))?|[$@](?:[^\W_]|['$@!|*#+])+"
    r"|[?!]*\?[?!]*|\.{2,}|[.!]+|\n[ \n]*\n|[,;\n\"()\u2014-]"
)
_LEET = str.maketrans("013457$@!|+", "oleastsaiit")
_LEET_AS_I = str.maketrans("013457$@!|+", "oieastsailt")
_RUN = re.compile(r"(.)\1+")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_CONTRACTION = re.compile(r"([a-z]{2,20})'(ll|d|ve|re|s)$")
CONTRACTIONS = {"ll": ("will",), "d": ("would",), "ve": ("have",), "re": ("are",), "s": ()}
_MEASURE = re.compile(r"(\d+)([a-z]+)$")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as codes; code i came from the normalised text's characters `spans[i]`."""

    codes: str
    spans: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class Lexicon:
    """The words that the grammar uses, and the spellings that stand for them."""

    codes: dict[str, str] = field(default_factory=dict)
    stems: dict[str, str] = field(default_factory=dict)
    short_forms: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fillers: set[str] = field(default_factory=set)
    careful: frozenset[str] = frozenset()
    misspelt: dict[str, str] = field(default_factory=dict)
    _squeezed: dict[str, str] = field(default_factory=dict)
    _alike: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    _cached: Callable[[str], str] | None = None

    def add(self, word: str) -> str:
        """The code of a word, new or known; `suicid*` stands for every word that begins so."""
        code = self.codes.get(word)
        if code is None:
            code = self.codes[word] = chr(FIRST_CODE + len(self.codes))
            if word.endswith("*"):
                self.stems[word[:-1]] = code
        return code

    def expand(self, word: str) -> tuple[str, ...]:
        """The words that a word as written stands for: `don't` is `do not`."""
        bare = word.replace("'", "")
        return self.short_forms.get(bare, (bare,))

    def finish(self, careful: Iterable[str]) -> None:
        """Index the spellings once every word is known; `careful` words are recognised with one slip."""
        self.careful = frozenset(careful)
        for word in self.codes:
            self._alike.setdefault((word[0], len(word)), []).append(word)
        for word in (*self.codes, *self.short_forms):
            squeezed = _RUN.sub(r"\1", word)
            if len(squeezed) >= 3 and not word.endswith("*"):
                self._squeezed.setdefault(squeezed, word)
        for word in sorted(self.careful):
            self._take_slips(word)
        self._cached = lru_cache(maxsize=20_000)(self._read_word)

    def _take_slips(self, word: str) -> None:
        if len(word) < SHORTEST_SLIP:
            return
        for slip in _slips(word):
            if not self._knows(slip):
                self.misspelt.setdefault(slip, word)

    def read(self, normalised: Normalised) -> Reading:
        """The text's words and signs as codes, fillers left out."""
        codes: list[str] = []
        spans: list[tuple[int, int]] = []
        for position, match in enumerate(_TOKEN.finditer(normalised.text)):
            found = (
                self.read_word(match.group()) if position < CAREFUL_TOKENS else self._glance(match.group())
            )
            if not found or (found == SOFT and codes and codes[-1] == SOFT):
                continue
            codes.append(found)
            if len(found) == 1:
                spans.append(match.span())
            else:
                spans.extend([match.span()] * len(found))
        return Reading("".join(codes), tuple(spans))

    def read_word(self, token: str) -> str:
        """The codes of one token; empty for fillers."""
        return self._cached(token) if self._cached else self._read_word(token)

    def _read_word(self, token: str) -> str:
        if not token[0].isalnum() and token[0] not in "$@:":
            return _sign(token)
        if token[0] == ":":
            return self.codes.get(token, "") if len(token) > 1 else SOFT
        if not token.isascii() and token.isalpha():
            return self._code(token)
        words = self._contracted(token) or self._words(token.replace("'", "")[:60])
        return "".join(self._code(word) for word in words if word not in self.fillers)

    def _glance(self, token: str) -> str:
        if not token[0].isalnum():
            return self.read_word(token) if token[0] not in "$@:" else SOFT
        word = token.replace("'", "")
        if word in self.codes or word in self.short_forms or word in self.fillers:
            return self.read_word(token)
        return UNKNOWN

    def _code(self, word: str) -> str:
        code = self.codes.get(word)
        if code:
            return code
        if word.isdecimal():
            return self.codes.get(_numeral(word), UNKNOWN)
        for length in range(min(len(word), 12), 3, -1):
            if word[:length] in self.stems:
                return self.stems[word[:length]]
        return UNKNOWN

    def _knows(self, word: str) -> bool:
        return word in self.codes or word in self.short_forms or word in self.fillers

    def _words(self, token: str) -> tuple[str, ...]:
        """The words that a token is read as."""
        known = self._known_spelling(token)
        if known:
            return self.short_forms.get(known, (known,))
        together = self._run_together(token)
        if together or self._code(token) != UNKNOWN:
            return together or (token,)
        if len(token) > 3 and token[-1] == "s" and self._code(token[:-1]) != UNKNOWN:
            return self._words(token[:-1])
        if token.endswith("in") and self._knows(f"{token}g"):
            return self._words(f"{token}g")
        measure = _MEASURE.match(token)
        if measure:
            return measure.group(1), *self._words(measure.group(2))
        if not token.isalnum():
            parts = re.findall(r"[^\W_]+", token)
            return tuple(word for part in parts for word in self._words(part))
        return (token,)

    def _contracted(self, token: str) -> tuple[str, ...]:
        """`she'll` as its words, where it is no short form of its own; `mom's` is read as `mom`."""
        match = _CONTRACTION.match(token)
        if not match or self._knows(match.group(1) + match.group(2)):
            return ()
        return *self._words(match.group(1)), *CONTRACTIONS[match.group(2)]

    def _known_spelling(self, token: str) -> str | None:
        """The known word that a token spells, if any, with the likeliest disguise undone first."""
        for guess in self._spellings(token):
            if self._knows(guess):
                return guess
            if guess in self.misspelt:
                return self.misspelt[guess]
        return self._squeezed.get(_RUN.sub(r"\1", token)) if _RUN.search(token) and len(token) > 3 else None

    def _spellings(self, token: str) -> Iterable[str]:
        yield token
        if _LONG_RUN.search(token):
            yield _LONG_RUN.sub(r"\1\1", token)
            yield _LONG_RUN.sub(r"\1", token)
        has_letters = any(char.isalpha() for char in token)
        if has_letters and not token.isalpha():
            for table in (_LEET, _LEET_AS_I):
                plain = token.translate(table)
                yield plain
                yield _LONG_RUN.sub(r"\1", plain)
            if "*" in token or "#" in token:
                yield from self._censored(token)

    def _censored(self, token: str) -> Iterable[str]:
        alike = self._alike.get((token[0], len(token)), ())
        return (word for word in alike if all(b in "*#" or a == b for a, b in zip(word, token, strict=True)))

    def _run_together(self, token: str) -> tuple[str, ...]:
        """The known words that a long unknown one consists of: `killmyself`; empty when it does not."""
        if not 7 <= len(token) <= 40:
            return ()
        best: list[tuple[str, ...] | None] = [(), *[None] * len(token)]
        for start in range(len(token)):
            before = best[start]
            if before is None:
                continue
            for end in range(start + 1, min(start + LONGEST_PART, len(token)) + 1):
                known = best[end]
                if (known is None or len(before) + 1 < len(known)) and self._is_part(token[start:end]):
                    best[end] = (*before, token[start:end])
        words = best[-1] or ()
        if not self.careful.intersection(words) or len(token) < 2.6 * len(words):
            return ()
        return tuple(part for word in words for part in self.short_forms.get(word, (word,)))

    def _is_part(self, word: str) -> bool:
        return word in ("i", "a", "y") or (len(word) > 1 and self._knows(word))


def _numeral(digits: str) -> str:
    if len(digits) == 4 and digits[:2] in ("19", "20"):
        return YEAR
    if len(digits) > 2 or int(digits) >= ADULT:
        return NUMBER
    return FEW if int(digits) < MIN_AGE else AGE


def _sign(token: str) -> str:
    if "?" in token:
        return QUESTION
    if token[0] in ".!":
        return SOFT if len(token) > 1 and token[0] == "." else SENTENCE
    return SENTENCE if token.count("\n") > 1 else SOFT


def _slips(word: str) -> Iterable[str]:
    """The word with one letter lost, doubled, swapped with the next or replaced; the first letter stays."""
    for i in range(1, len(word)):
        yield word[:i] + word[i + 1 :]
        yield word[:i] + word[i] + word[i:]
        if i + 1 < len(word):
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
        for letter in "aeiouysczknmrt":
            yield word[:i] + letter + word[i + 1 :]
