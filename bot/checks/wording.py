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

RESERVED_WORDS_ALLOWED = frozenset({"help", "opted_in", "disclosure"})
"""Carriers ask for the HELP and STOP line in these; nothing else may ask for a reserved word (R16)."""

FILE = "wording.yml"

_NEVER = "(?!)"
PLACEHOLDER = re.compile(r"\{\w*\}")
_RESERVED = re.compile(
    r"\b(STOP|STOPALL|UNSUBSCRIBE|CANCEL|END|QUIT|REVOKE|OPTOUT|START|UNSTOP|HELP|INFO|YES)\b"
)
_INVITED = re.compile(
    r"\b(?:reply|replying|respond|text|texting|write|type|send|answer|say|responda|conteste|mande|envie|escriba"
    r"|diga)\b(?: (?:with|back|us|me|the word|just|only|con|la palabra|solo|un|a|por mensaje))*"
    r" [\"']?(stop|stopall|unsubscribe|cancel|end|quit|revoke|optout|opt out|start|unstop|yes|help|info"
    r"|remove|alto|parar|baja|cancelar|ayuda|si)\b",
    re.IGNORECASE,
)
"""An invitation in whatever case: "reply yes" is acted upon by networks as much as "reply YES"."""
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
    asked = None if curated.name in RESERVED_WORDS_ALLOWED else _asked(variant.text)
    if asked:
        yield f"asks for '{asked}', which networks act upon", "Ask for an ordinary word or a number."
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


def _asked(text: str) -> str | None:
    """The reserved word that a text asks to be sent to us, if any."""
    ours = _without_hotlines(text)
    found = _RESERVED.search(ours) or _INVITED.search(unaccented(ours))
    return found[1] if found else None


def _without_hotlines(text: str) -> str:
    """The text without the words that other lines ask for: START to {abuse_text}, AYUDA to {lifeline}."""
    return re.sub(
        r"(?:START (?:to|al) \{abuse_text\}|AYUDA(?: por mensaje)? (?:to|al) \{lifeline\}"
        r"|\{lifeline\} \(oprima 2 o (?:mande|envíe) AYUDA\))",
        "",
        text,
    )


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
