"""What `data/clinic.yml` says: the clinic's name, the numbers people are given, and the cities it serves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bot.content.entry import Entry
from bot.content.places import Places
from bot.messages import Channel, Language, Link

REQUIRED_NUMBERS = ("clinic_phone", "lifeline", "emergency", "poison_help", "abuse_hotline")
"""Numbers without which no crisis card could be complete."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as people read it, and what a tap on it does in each language."""

    display: str
    links: Mapping[Language, tuple[Link, ...]]


@dataclass(frozen=True)
class Clinic:
    """The clinic that the texts speak for."""

    name: str
    page: str
    numbers: Mapping[str, Number]
    notices: Mapping[tuple[Language, Channel], str]
    places: Places = field(repr=False)

    @property
    def cities(self) -> tuple[str, ...]:
        """The cities served, spelled as they are shown."""
        return self.places.cities

    @cached_property
    def values(self) -> Mapping[str, str]:
        """What each placeholder stands for: `{clinic_name}` and the numbers by name."""
        return {"clinic_name": self.name} | {name: number.display for name, number in self.numbers.items()}


def parse(entry: Entry) -> Clinic:
    """The clinic of a parsed `clinic.yml`; faults are noted in the entry."""
    entry.only("name", "page", "numbers", "notice", "cities", "aliases", "area_words")
    numbers = entry.entry("numbers")
    for name in REQUIRED_NUMBERS:
        if name not in numbers:
            entry.fault("numbers", f"the number '{name}' is missing", f"Add {name}: with display and links.")
    notice = entry.entry("notice")
    aliases = entry.entry("aliases")
    return Clinic(
        name=entry.text("name"),
        page=entry.text("page"),
        numbers={name: _number(numbers.entry(name)) for name in numbers},
        notices={
            (language, channel): notice.text(language if channel == Channel.WEB else f"{language}_sms")
            for language in Language
            for channel in Channel
        },
        places=Places(
            _cities(entry),
            aliases={alias: aliases.text(alias) for alias in aliases},
            ordinary_words=entry.text("area_words"),
        ),
    )


def _number(entry: Entry) -> Number:
    entry.only("display", "links")
    links = entry.entry("links")
    display = entry.text("display")
    return Number(display, {language: _links(links, language, display) for language in Language})


def _links(entry: Entry, language: Language, display: str) -> tuple[Link, ...]:
    """The taps of a number, which must dial what is shown."""
    links = []
    for link in entry.entries(language):
        link.only("label", "href")
        links.append(Link(link.text("label"), link.text("href")))
        if not _dials(links[-1].href, display):
            link.fault(
                "href", f"'{links[-1].href}' does not dial {display}", "Write tel: or sms: and that number."
            )
    if not links:
        entry.fault(
            language, f"{display} has no {language} link", 'Add {label: what it does, href: "tel:+1..."}.'
        )
    return tuple(links)


def _dials(href: str, display: str) -> bool:
    scheme, _, target = href.partition("?")[0].partition(":")
    return scheme in ("tel", "sms") and _digits(target) == _digits(display)


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def _cities(entry: Entry) -> tuple[str, ...]:
    cities = entry.texts("cities")
    if not cities:
        entry.fault("cities", "no city is listed", "List the cities that the clinic serves.")
    return cities
