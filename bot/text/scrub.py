"""Takes out of a message whatever may tell who wrote it, before it becomes training data.

Phone numbers are found by the phonenumbers library; the rest are patterns of our own, which rather take too
much than too little. Presidio and scrubadub were tried and missed names, addresses, cards and dates. A person
reads every line after it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from phonenumbers import Leniency, PhoneNumberMatcher

NAME, NUMBER, ADDRESS, CONTACT, DATE = "NAME", "NUMBER", "ADDRESS", "CONTACT", "DATE"
PLACEHOLDERS: Final = (NAME, NUMBER, ADDRESS, CONTACT, DATE)
REGION: Final = "US"

_MONTH: Final = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|ene|abr|ago|dic)[a-z]*"
_STREET: Final = (
    r"street|st|avenue|ave|road|rd|drive|dr|lane|ln|boulevard|blvd|court|ct|circle|cir|way|terrace|ter|place|pl"
    r"|parkway|pkwy|highway|hwy|trail|trl"
)
_PATTERNS: Final = (
    (CONTACT, re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)\S+|(?<!\w)@\w{3,}", re.I)),
    (NUMBER, re.compile(r"\b\d{3}-\d{2}-\d{4}\b")),
    (DATE, re.compile(r"\b\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}\b")),
    (DATE, re.compile(rf"\b(?:{_MONTH})\.? \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?\b", re.I)),
    (DATE, re.compile(rf"\b\d{{1,2}}(?: de)? (?:{_MONTH})\b(?:(?: de|,)? \d{{4}})?", re.I)),
    (
        ADDRESS,
        re.compile(rf"\b\d{{1,6}}(?: [\w.'-]+){{1,4}}? (?:{_STREET})\b\.?(?:,? (?:apt|unit|#) ?\w+)?", re.I),
    ),
    (
        ADDRESS,
        re.compile(
            r"\b(?:calle|avenida|carrera|cra|apartamento|apt|unit|suite)\.? (?:#|no\.? ?)?\d+\w*", re.I
        ),
    ),
    (ADDRESS, re.compile(r"\b(?:calle|avenida) [A-ZÁÉÍÓÚÑ][\w.]+(?: \d+)?|\bp\.? ?o\.? box \d+", re.I)),
    (NUMBER, re.compile(r"\b(?=[\w-]*\d[\w-]*\d[\w-]*\d)[A-Za-z]{1,4}[\w-]{4,}\b")),
    (NUMBER, re.compile(r"#?\b\d(?:[ .-]?\d){4,}\b|#\d+")),
)
_WORD: Final = r"[^\W\d_][\w'’-]*"
_INTRODUCED: Final = re.compile(
    r"\b((?i:my name is|my name's|name is|i am called|call me|this is|me llamo|mi nombre es|se llama|named"
    r"|called|dr\.?|mr\.?|mrs\.?|ms\.?|doctor|doctora|sr\.?|sra\.?|last name|first name|apellido))"
    rf"(\s+)(?!(?:{'|'.join(PLACEHOLDERS)})\b)({_WORD})(?:\s+(?!(?:{'|'.join(PLACEHOLDERS)})\b)[A-ZÁÉÍÓÚÑ][\w'’-]*)*"
)
_CAPITALISED: Final = re.compile(r"\b[A-ZÁÉÍÓÚÑ][a-záéíóúñü'’-]+\b")
_UNREADABLE: Final = re.compile(r"[\[\]{}()<>|`]|\s+")
"""Brackets, which Rasa would read as entities, and line breaks."""


def scrub(text: str, known: Collection[str]) -> str:
    """The message on one line, with names, numbers, addresses, dates and contacts replaced by those words.

    Args:
        text: As the person wrote it.
        known: Lower-case words that are no names though they may be capitalised: those of the training data.
    """
    for match in reversed(list(PhoneNumberMatcher(text, REGION, leniency=Leniency.POSSIBLE))):
        text = f"{text[: match.start]}{NUMBER}{text[match.end :]}"
    for word, pattern in _PATTERNS:
        text = pattern.sub(word, text)
    text = _INTRODUCED.sub(lambda found: _introduced(found, known), text)
    text = _CAPITALISED.sub(lambda found: found[0] if _is_plain(found[0], known) else NAME, text)
    return re.sub(rf"{NAME}(?:\s+{NAME})+", NAME, _UNREADABLE.sub(" ", text).strip())


def _introduced(found: re.Match[str], known: Collection[str]) -> str:
    """A word after "my name is" and the like is a name, unless it is a plain word in small letters."""
    said, space, word = found.groups()
    if word.islower() and word in known and not said.lower().endswith(("name is", "llamo", "nombre es")):
        return found[0]
    return f"{said}{space}{NAME}"


def _is_plain(word: str, known: Collection[str]) -> bool:
    plain = word.lower().replace("’", "'")
    return plain in known or plain.removesuffix("'s") in known or plain in _OURS


_OURS: Final = frozenset({"i", "i'm", "i've", "i'd", "i'll"})
