"""Claims that need somebody to rest on: "studies show" or "the WHO says" without that source in the metadata.

What counts as one is data: `claims` and `authorities` of `data/wording.yml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.checks.wording import FILE, PLACEHOLDER, phrases, unaccented
from bot.content import Content
from bot.content.entry import Entry, read
from bot.content.texts import Curated
from bot.text.fault import Fault


@dataclass(frozen=True, slots=True)
class Marker:
    """Words that make a claim, or that name an authority."""

    name: str
    pattern: re.Pattern[str]


def faults(content: Content) -> Iterator[Fault]:
    """Every text whose claim, or whose named authority, has nobody in the metadata to rest on."""
    noted: list[Fault] = []
    entry = read(content.data / FILE, noted)
    claims = [_claim(marker) for marker in _markers(entry, "claims")]
    authorities = [_authority(marker) for marker in _markers(entry, "authorities")]
    yield from noted
    for curated in (*content.responses.values(), *content.cards.values()):
        rests_on = _rests_on(curated)
        for variant in curated.variants.values():
            said = PLACEHOLDER.sub(" ", variant.text)
            for problem, remedy in (*_claimed(said, rests_on, claims), *_named(said, rests_on, authorities)):
                yield Fault(curated.file, variant.line, f"'{curated.name}' {problem}", remedy)


def _claimed(said: str, rests_on: str, claims: list[Marker]) -> Iterator[tuple[str, str]]:
    for claim in claims:
        if not rests_on and (found := claim.pattern.search(unaccented(said))):
            remedy = "Name in its metadata whom the article gives for it, or say it without the claim."
            yield f"says '{found[0]}', a claim about {claim.name}, without an authority", remedy


def _named(said: str, rests_on: str, authorities: list[Marker]) -> Iterator[tuple[str, str]]:
    for authority in authorities:
        found = authority.pattern.search(said)
        if found and not authority.pattern.search(rests_on):
            remedy = f"Add {authority.name} to its authority, or leave the name out."
            yield f"names {found[0]}, which its metadata does not", remedy


def _rests_on(curated: Curated) -> str:
    """The authorities of an answer in every language, or the sources of a card; empty without any."""
    named = (heading.authority for heading in curated.headings.values() if heading.authority)
    return "; ".join((*named, *curated.sources))


def _markers(entry: Entry | None, key: str) -> tuple[Entry, ...]:
    if entry is None:
        return ()
    markers = entry.entries(key)
    if not markers:
        entry.fault(key, f"'{key}' lists nothing", "Restore it from the repository; see docs/content.md.")
    for marker in markers:
        marker.only("name", "words")
    return markers


def _claim(entry: Entry) -> Marker:
    words = [unaccented(word) for word in entry.texts("words")]
    return Marker(entry.text("name"), phrases(words, re.IGNORECASE))


def _authority(entry: Entry) -> Marker:
    return Marker(entry.text("name"), phrases(entry.texts("words")))
