"""How hard a text is to read.

English: the Flesch-Kincaid grade (Kincaid et al., 1975). Spanish: Fernández Huerta's index (1959), where
60 is read with ease after eight years of school and 70 after six. Syllables come from Hunspell's
hyphenation patterns (pyphen).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pyphen

from bot.checks.wording import DANGER
from bot.content import Content
from bot.content.texts import Curated
from bot.messages import Language
from bot.text.fault import Fault

GRADE = 8.0
GRADE_IN_DANGER = 6.0
EASE = 60.0
EASE_IN_DANGER = 70.0

_PLACEHOLDER = re.compile(r"\{\w*\}")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_SENTENCE_END = re.compile(r"[.!?:;]+(?:\s|$)|\n+")
_DICTIONARIES = {Language.EN: "en_US", Language.ES: "es"}


@dataclass(frozen=True, slots=True)
class Counts:
    """What both formulas count."""

    sentences: int
    words: int
    syllables: int


def faults(content: Content) -> Iterator[Fault]:
    """Every text that is harder to read than people in distress can be expected to read."""
    for curated in (*content.responses.values(), *content.cards.values()):
        for (language, _), variant in curated.variants.items():
            problem = _problem(variant.text, language, curated)
            if problem:
                remedy = "Use shorter sentences and everyday words."
                yield Fault(curated.file, variant.line, f"'{curated.name}' {problem}", remedy)


def _problem(text: str, language: Language, curated: Curated) -> str | None:
    danger = curated.kind in DANGER
    counts = count(text, language)
    if language == Language.EN:
        limit = GRADE_IN_DANGER if danger else GRADE
        grade = flesch_kincaid(counts)
        return f"reads at grade {grade:.1f}, {limit:.0f} is the limit" if grade > limit else None
    limit = EASE_IN_DANGER if danger else EASE
    ease = fernandez_huerta(counts)
    return f"has a reading ease of {ease:.0f}, {limit:.0f} is the least" if ease < limit else None


def count(text: str, language: Language) -> Counts:
    """Sentences (a line break ends one), words and syllables of a text, placeholders left out."""
    said = _PLACEHOLDER.sub("", text)
    words = _WORD.findall(said)
    sentences = [part for part in _SENTENCE_END.split(said) if _WORD.search(part)]
    return Counts(
        max(len(sentences), 1), max(len(words), 1), sum(_syllables(word, language) for word in words)
    )


def flesch_kincaid(counts: Counts) -> float:
    """The school grade (US) that reads an English text with ease."""
    return 0.39 * counts.words / counts.sentences + 11.8 * counts.syllables / counts.words - 15.59


def fernandez_huerta(counts: Counts) -> float:
    """The ease of a Spanish text, from 0 (hard) to 100."""
    return 206.84 - 60 * counts.syllables / counts.words - 1.02 * counts.words / counts.sentences


def _syllables(word: str, language: Language) -> int:
    return str(_hyphenation(language).inserted(word)).count("-") + 1


@cache
def _hyphenation(language: Language) -> pyphen.Pyphen:
    return pyphen.Pyphen(lang=_DICTIONARIES[language])
