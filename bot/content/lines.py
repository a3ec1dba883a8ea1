"""The crisis lines as people see them: what a tap does, and the number where its label does not say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.content.clinic import Number
from bot.content.store import Content
from bot.messages import Language, Link

LINES: Final = ("clinic_phone", "lifeline", "emergency")
"""The numbers of `clinic.yml` that are always in view, in this order."""
MORE: Final = ("veterans_text", "relay")
"""Numbers for some people, below the others; a clinic may leave them out."""
COUNTRY: Final = "+1 "
"""Left out where the number is read by people of the clinic's own country."""


@dataclass(frozen=True, slots=True)
class Line:
    """A link and, where its label does not hold it, the number; `language` where it is not the page's own."""

    label: str
    href: str
    number: str = ""
    language: Language | None = None


def lines(content: Content, language: Language) -> tuple[Line, ...]:
    """The clinic's line, 988 and 911."""
    return _of(content, LINES, language)


def more_lines(content: Content, language: Language) -> tuple[Line, ...]:
    """The lines for some people; for an English reader also that 988 answers in Spanish."""
    spanish = _spanish(content) if language is Language.EN else ()
    return (*spanish, *_of(content, [name for name in MORE if name in content.clinic.numbers], language))


def number_beside(link: Link, number: Number) -> str:
    """The number as people read it, where the link's label does not hold it; else nothing."""
    return "" if number.display in link.label else number.display.removeprefix(COUNTRY)


def _of(content: Content, names: tuple[str, ...] | list[str], language: Language) -> tuple[Line, ...]:
    numbers = (content.clinic.numbers[name] for name in names)
    return tuple(
        Line(link.label, link.href, number_beside(link, number))
        for number in numbers
        for link in number.links[language]
    )


def _spanish(content: Content) -> tuple[Line, ...]:
    link = content.clinic.numbers["lifeline"].links[Language.ES][0]
    return (Line(link.label, link.href, language=Language.ES),)
