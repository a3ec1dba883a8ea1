"""What texts may not say, and how crisis texts are built: the rules of safe messaging that can be held."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import emoji

from bot.content import Content
from bot.content.entry import Entry, read
from bot.content.texts import Curated, Variant
from bot.messages import ReplyKind
from bot.text.fault import Fault

DANGER = frozenset({ReplyKind.CRISIS, ReplyKind.CHECK_IN, ReplyKind.FALLBACK})
"""Kinds that are said to somebody who may be in danger."""

RESERVED_WORDS_ALLOWED = frozenset({"help", "opted_in"})
"""Carriers ask for the STOP line in these two."""

FILE = "wording.yml"

_NEVER = "(?!)"
PLACEHOLDER = re.compile(r"\{\w*\}")
_RESERVED = re.compile(
    r"\b(STOP|STOPALL|UNSUBSCRIBE|CANCEL|END|QUIT|REVOKE|OPTOUT|START|UNSTOP|HELP|INFO|YES)\b"
)
_NUMBER = re.compile(r"\d[\d ().-]*\d")
_LONGEST_PLAIN_NUMBER = 2
"""Digits of "24" and "18"; anything longer is a number to dial."""


@dataclass(frozen=True)
class Rule:
    """Words that a text may not hold, and what to write instead."""

    name: str
    danger_only: bool
    pattern: re.Pattern[str]
    keeps_accents: bool
    remedy: str


def faults(content: Content) -> Iterator[Fault]:
    """Every forbidden word, invented number and badly built crisis text of a content."""
    noted: list[Fault] = []
    entry = read(content.data / FILE, noted)
    rules = tuple(_rule(rule) for rule in entry.entries("forbidden")) if entry else ()
    yield from noted
    for curated in (*content.responses.values(), *content.cards.values()):
        for variant in curated.variants.values():
            for problem, remedy in _problems(curated, variant, rules):
                yield Fault(curated.file, variant.line, f"'{curated.name}' {problem}", remedy)


def _problems(curated: Curated, variant: Variant, rules: tuple[Rule, ...]) -> Iterator[tuple[str, str]]:
    said = PLACEHOLDER.sub(" ", variant.text)
    danger = _in_danger(curated)
    for rule in rules:
        found = rule.pattern.search(said if rule.keeps_accents else unaccented(said))
        if found and (danger or not rule.danger_only):
            yield f"says '{found[0]}': {rule.name}", rule.remedy
    for number in _NUMBER.findall(said):
        if sum(char.isdecimal() for char in number) > _LONGEST_PLAIN_NUMBER:
            yield f"holds the number '{number}'", "Put it in clinic.yml and write its name in braces."
    if curated.name not in RESERVED_WORDS_ALLOWED and (
        asked := _RESERVED.search(_without_hotline(variant.text))
    ):
        yield f"asks for '{asked[0]}', which networks act upon", "Ask for an ordinary word or a number."
    if danger:
        yield from _misbuilt(curated, variant.text)


def _misbuilt(curated: Curated, text: str) -> Iterator[tuple[str, str]]:
    if "!" in text or "¡" in text:
        yield "holds an exclamation mark", "End the sentence with a full stop."
    if emoji.emoji_count(text):
        yield "holds an emoji", "Say it in words."
    first_question, last_number = text.find("?"), text.rfind("{")
    if 0 <= first_question < last_number:
        yield "asks before it has given every number", "Put the numbers before the question."
    if curated.kind == ReplyKind.CRISIS and curated.covers and "." not in text[: text.find("{")]:
        yield "gives a number before it acknowledges the person", "Begin with one short, kind sentence."


def _in_danger(curated: Curated) -> bool:
    return curated.kind in DANGER or curated.name.startswith("reminder_")


def _without_hotline(text: str) -> str:
    """The text without "START to {abuse_text}", the one reserved word that a hotline asks for itself."""
    return re.sub(r"START (?:to|al) \{abuse_text\}", "", text)


def _rule(entry: Entry) -> Rule:
    entry.only("name", "in", "words", "accents", "remedy")
    keeps_accents = "accents" in entry and entry.choice("accents", ("kept",), "kept") == "kept"
    words = [word if keeps_accents else unaccented(word) for word in entry.texts("words")]
    if not words:
        entry.fault("words", "this rule forbids no word", "Write words: [one, two].")
    return Rule(
        name=entry.text("name"),
        danger_only=entry.choice("in", ("all", "danger"), "all") == "danger",
        pattern=phrases(words, re.IGNORECASE),
        keeps_accents=keeps_accents,
        remedy=entry.text("remedy"),
    )


def phrases(words: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A pattern that finds any of some words or phrases as whole words; a * in them stands for any ending."""
    alternatives = "|".join(re.escape(word).replace(r"\*", r"\w*").replace(r"\ ", r"\s+") for word in words)
    return re.compile(rf"(?<!\w)(?:{alternatives or _NEVER})(?!\w)", flags)


def unaccented(text: str) -> str:
    """The text without accents."""
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
