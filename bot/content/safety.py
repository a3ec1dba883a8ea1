"""What `data/cards/` must hold before anything is sent: a card for every risk, and the numbers in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from bot.content.septets import SEGMENT, septets
from bot.content.store import Content, ContentError
from bot.content.texts import PLACES, Curated, Place, placeholders, render
from bot.messages import Channel, Experiencer, Kind, Level, ReplyKind
from bot.text.fault import Fault

Covered = tuple[Level, Kind | None, Experiencer]

SERVICES = (
    "too_long",
    "unreadable",
    "limited",
    "not_saved",
    "opt_out",
    "opted_in",
    "help",
    "call_back",
    "media",
    "joined",
    "handed_back",
    "staff_away",
)
"""Texts about the service itself, by name."""

CANNED = ("canned_reading", "canned_safe_now", "canned_call", "canned_leaving")
"""Texts that staff may send with a tap when they have joined a conversation."""

REST = "rest"
"""How to ask for what an SMS left out; it ends a text and holds no numbers."""

FIXED = (
    *SERVICES,
    *CANNED,
    REST,
    "fallback",
    "disclosure",
    "numbers",
    "reminder_crisis",
    "reminder_emergency",
)
"""Cards that are asked for by name."""

MINORS = {experiencer: f"minor_{experiencer}" for experiencer in Experiencer}
"""What is added to a crisis card when the person in danger seems to be under age."""

SMS_LIMIT = 2 * SEGMENT
"""Septets of a crisis SMS: one message in at most two parts."""

_LEVELS = {
    ReplyKind.CRISIS: (Level.CRISIS, Level.EMERGENCY),
    ReplyKind.CHECK_IN: (Level.CONCERN, Level.CRISIS, Level.EMERGENCY),
}
_EVERYONE = ("clinic_phone", "lifeline", "emergency")
_OF_KIND: Mapping[Kind | None, tuple[str, ...]] = {
    Kind.POISONING: ("poison_help",),
    Kind.ABUSE: ("abuse_hotline",),
}
_OF_NAME = {
    "disclosure": ("clinic_phone",),
    "reminder_crisis": ("clinic_phone", "lifeline"),
    REST: (),
    "canned_reading": (),
    "canned_call": ("clinic_phone",),
    "canned_leaving": ("clinic_phone", "lifeline"),
}


def separator(channel: Channel) -> str:
    """What stands between a text and what is added to it."""
    return " " if channel == Channel.SMS else "\n\n"


def template(card: Curated, place: Place, added: Curated | None = None) -> str:
    """A card's text with its placeholders, and with what is added to it."""
    text = card.variants[place].text
    return text + separator(place[1]) + added.variants[place].text if added else text


def by_risk(content: Content, kind: ReplyKind) -> Mapping[Covered, list[Curated]]:
    """The cards that say they answer each level, kind and person."""
    cards = [card for card in content.cards.values() if card.kind == kind]
    return {
        covered: [card for card in cards if covered in card.covers]
        for covered in product(_LEVELS[kind], (*Kind, None), Experiencer)
    }


def require(content: Content) -> None:
    """Refuse a content whose cards cannot answer every risk safely.

    Raises:
        ContentError: With every fault; those inside the cards only when none is missing.
    """
    for faults in (gaps, lacking):
        # One text can serve many risks: say each fault once.
        found = tuple(dict.fromkeys(faults(content)))
        if found:
            raise ContentError(found)


def gaps(content: Content) -> Iterator[Fault]:
    """Every card that is missing, and every risk that not exactly one card answers."""
    folder = content.data / "cards"
    for name in (*FIXED, *MINORS.values()):
        if name not in content.cards:
            yield Fault(folder, 0, f"there is no card '{name}'", "Add it to one of the files.")
    for kind in _LEVELS:
        for (level, risk, person), cards in by_risk(content, kind).items():
            if len(cards) != 1:
                names = " and ".join(card.name for card in cards) or "no card"
                file, line = (cards[-1].file, cards[-1].line) if cards else (folder, 0)
                problem = f"{names} is the {kind} for {level.name}, {risk or 'none'}, {person}"
                yield Fault(file, line, problem, "Let exactly one card cover it: see 'when'.")


def lacking(content: Content) -> Iterator[Fault]:
    """What a card lacks that the person would need, in each language and channel.

    To be asked only when there are no `gaps`.
    """
    for covered, cards in by_risk(content, ReplyKind.CRISIS).items():
        for place, minor in product(PLACES, (None, content.cards[MINORS[covered[2]]])):
            text = template(cards[0], place, minor)
            yield from _faults(cards[0], place, _unready(text, covered, place[1], content))
    for covered, cards in by_risk(content, ReplyKind.CHECK_IN).items():
        for place in PLACES:
            yield from _faults(cards[0], place, _check_in(template(cards[0], place), covered))
    for name, place in product(FIXED, PLACES):
        card = content.cards[name]
        required = _OF_NAME.get(name, _EVERYONE)
        yield from _faults(card, place, _missing(template(card, place), required))


def _faults(card: Curated, place: Place, problems: Iterator[str]) -> Iterator[Fault]:
    for problem in problems:
        remedy = "Correct the text; docs/content.md says what it must hold."
        yield Fault(card.file, card.variants[place].line, f"'{card.name}' {problem}", remedy)


def _missing(text: str, required: tuple[str, ...]) -> Iterator[str]:
    for number in required:
        if number not in placeholders(text):
            yield f"lacks {{{number}}}"


def _unready(text: str, covered: Covered, channel: Channel, content: Content) -> Iterator[str]:
    level, kind, _ = covered
    required = (*_EVERYONE, *_OF_KIND.get(kind, ()))
    yield from _missing(text, required)
    yield from _emergency_first(text, level)
    if channel == Channel.SMS:
        yield from _too_long(text, required, content)


def _emergency_first(text: str, level: Level) -> Iterator[str]:
    if level == Level.EMERGENCY and placeholders(text)[:1] != ("emergency",):
        yield "does not begin its numbers with {emergency}"


def _check_in(text: str, covered: Covered) -> Iterator[str]:
    """At CONCERN no 911, which would frighten; in a crisis state the numbers of the card it follows."""
    level, kind, _ = covered
    if level > Level.CONCERN:
        yield from _missing(text, (*_EVERYONE, *_OF_KIND.get(kind, ())))
        yield from _emergency_first(text, level)
        return
    yield from _missing(text, ("clinic_phone", "lifeline"))
    if "emergency" in placeholders(text):
        yield "holds {emergency} although nobody is known to be in danger"


def _too_long(text: str, required: tuple[str, ...], content: Content) -> Iterator[str]:
    """A crisis SMS is one message of at most two GSM-7 parts with every number in the first."""
    values = content.clinic.values
    length = septets(render(text, values))
    if length is None:
        yield "holds a letter that an SMS of full length cannot hold"
    elif length > SMS_LIMIT:
        yield f"is {length} septets long, {SMS_LIMIT} is the limit"
    for number in required:
        before, found, _ = text.partition(f"{{{number}}}")
        if (septets(render(before + found, values)) or 0) > SEGMENT:
            yield f"has {{{number}}} after its first {SEGMENT} septets"
