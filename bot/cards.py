"""Fixed texts for danger, rendered when the program starts: sending one needs memory only.

A risk, a language and a channel decide the text; nothing here reads a message. What every card must
hold (the clinic's line, 988, 911, and the hotline of its kind) is checked when the cards are made, for
every combination there is, so that a gap in `data/cards/` stops the start and never an answer.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from bot.content import Content
from bot.content.safety import FIXED, MINORS, by_risk, require, separator, template
from bot.content.texts import PLACES, Curated, Place, links, render
from bot.messages import Channel, Language, Level, Reply, ReplyKind, Risk


class Cards:
    """Every card of a content, ready to send."""

    def __init__(self, content: Content) -> None:
        """Render and check every card.

        Raises:
            ContentError: A card is missing or doubled, lacks a number, or is too long for SMS.
        """
        require(content)
        crisis, check_ins = by_risk(content, ReplyKind.CRISIS), by_risk(content, ReplyKind.CHECK_IN)
        minors = {person: content.cards[name] for person, name in MINORS.items()}
        self._crisis = {
            (covered, minor, place): _reply(
                content, cards[0], place, added=minors[covered[2]] if minor else None
            )
            for (covered, cards), minor, place in product(crisis.items(), (False, True), PLACES)
        }
        self._check_ins = {
            (covered, place): _reply(content, cards[0], place)
            for (covered, cards), place in product(check_ins.items(), PLACES)
        }
        self._fixed = {
            (name, place): _reply(content, content.cards[name], place)
            for name, place in product(FIXED, PLACES)
        }

    def crisis(self, risk: Risk, language: Language, channel: Channel) -> tuple[Reply, ...]:
        """The card for a risk; below CRISIS that of CRISIS."""
        covered = (max(risk.level, Level.CRISIS), risk.kind, risk.experiencer)
        return (self._crisis[covered, risk.minor, (language, channel)],)

    def check_in(self, risk: Risk, language: Language, channel: Channel) -> Reply:
        """A kind, direct question with the clinic's line and 988; for a crisis state that kind's numbers."""
        covered = (max(risk.level, Level.CONCERN), risk.kind, risk.experiencer)
        return self._check_ins[covered, (language, channel)]

    def fallback(self, language: Language, channel: Channel) -> Reply:
        """What is said when nothing else can be: sorry, and the numbers."""
        return self._fixed["fallback", (language, channel)]

    def disclosure(self, language: Language, channel: Channel) -> Reply:
        """That this is automated and no clinician, who can read it, and for how long."""
        return self._fixed["disclosure", (language, channel)]

    def service(self, name: str, language: Language, channel: Channel) -> Reply:
        """A text about the service itself: one of `bot.content.safety.SERVICES`, or `REST`.

        Raises:
            KeyError: There is no such text.
        """
        return self._fixed[name, (language, channel)]

    def reminder(self, level: Level, language: Language, channel: Channel) -> str:
        """The line that keeps help in view in a crisis state; after EMERGENCY 911 comes first."""
        return self._reminder(level, (language, channel)).text

    def with_reminder(self, reply: Reply, level: Level, channel: Channel) -> Reply:
        """The reply with the reminder below its text and the reminder's numbers to tap."""
        reminder = self._reminder(level, (reply.language, channel))
        return replace(
            reply,
            text=reply.text + separator(channel) + reminder.text,
            links=tuple(dict.fromkeys((*reply.links, *reminder.links))),
        )

    def numbers(self, language: Language) -> str:
        """Clinic line, 988 and 911 in one line, for places that hold no card."""
        return self._fixed["numbers", (language, Channel.WEB)].text

    def _reminder(self, level: Level, place: Place) -> Reply:
        name = "reminder_emergency" if level == Level.EMERGENCY else "reminder_crisis"
        return self._fixed[name, place]


def _reply(content: Content, card: Curated, place: Place, *, added: Curated | None = None) -> Reply:
    text = template(card, place, added)
    return Reply(
        kind=card.kind,
        text=render(text, content.clinic.values),
        language=place[0],
        links=links(text, content.clinic, place[0]),
        response=f"card/{card.name}",
        content_hash=card.review.sha256,
    )
