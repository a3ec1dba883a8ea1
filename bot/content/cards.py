"""Reading `data/cards/*.yml`: crisis cards, check-ins, reminders and service texts."""

from __future__ import annotations

from itertools import product

from bot.content.entry import Entry
from bot.content.texts import REVIEW_KEYS, Curated, Place, Variant, review
from bot.messages import Channel, Experiencer, Kind, Language, Level, ReplyKind

NO_KIND = "none"
"""How a card file writes a risk whose kind is not known."""


def parse(entry: Entry) -> tuple[Curated, ...]:
    """The cards of one file; faults are noted in the entry."""
    entry.only("cards")
    cards = entry.entry("cards")
    return tuple(_card(name, cards) for name in cards)


def _card(name: str, cards: Entry) -> Curated:
    entry = cards.entry(name)
    entry.only("kind", "when", "sources", *REVIEW_KEYS, *Language)
    kind = ReplyKind(entry.choice("kind", tuple(ReplyKind), ReplyKind.SERVICE))
    sources = entry.texts("sources")
    if kind == ReplyKind.CRISIS and not sources:
        entry.fault("sources", f"'{name}' names no source", "Name the official guidance that it rests on.")
    return Curated(
        name=name,
        kind=kind,
        variants=_variants(entry),
        review=review(entry),
        file=cards.file,
        line=cards.line(name),
        covers=_covers(entry.entry("when")) if "when" in entry else frozenset(),
        sources=sources,
    )


def _variants(entry: Entry) -> dict[Place, Variant]:
    variants: dict[Place, Variant] = {}
    for language in Language:
        texts = entry.entry(language)
        texts.only(*Channel)
        for channel in Channel:
            text = texts.text(channel)
            if text:
                variants[language, channel] = Variant(text, texts.line(channel))
    return variants


def _covers(when: Entry) -> frozenset[tuple[Level, Kind | None, Experiencer]]:
    """The risks that a card answers: every combination of its levels, kinds and persons."""
    when.only("levels", "kinds", "experiencers")
    levels = _named(when, "levels", tuple(level.name for level in Level))
    kinds = _named(when, "kinds", (*Kind, NO_KIND))
    experiencers = _named(when, "experiencers", tuple(Experiencer))
    return frozenset(
        (Level[level], None if kind == NO_KIND else Kind(kind), Experiencer(experiencer))
        for level, kind, experiencer in product(levels, kinds, experiencers)
    )


def _named(when: Entry, key: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    names = when.texts(key)
    unknown = [name for name in names if name not in allowed]
    if unknown or not names:
        when.fault(
            key, f"'{key}' holds {', '.join(unknown) or 'nothing'}", f"List some of: {', '.join(allowed)}."
        )
    return tuple(name for name in names if name in allowed)
