"""Reading `data/responses/*.yml`, which are written as the `responses:` of a Rasa domain."""

from __future__ import annotations

from bot.content.entry import Entry
from bot.content.texts import REVIEW_KEYS, Curated, Heading, Place, Variant, review
from bot.messages import Channel, Language, ReplyKind

_HEADING_KEYS = ("title", "question", "section", "authority")


def parse(entry: Entry) -> tuple[Curated, ...]:
    """The responses of one file; faults are noted in the entry."""
    entry.only("version", "responses")
    if entry.text("version") not in ("", "3.1"):
        entry.fault("version", "this is not format 3.1", 'Write version: "3.1".')
    responses = entry.entry("responses")
    return tuple(_response(name, responses) for name in responses)


def _response(name: str, responses: Entry) -> Curated:
    if not name.startswith("utter_"):
        responses.fault(
            name, f"'{name}' does not begin with utter_", "Name it utter_faq/TOPIC or utter_TOPIC."
        )
    variants: dict[Place, Variant] = {}
    headings: dict[Language, Heading] = {}
    signed: Entry | None = None
    for entry in responses.entries(name):
        entry.only("text", "channel", "condition", "buttons", "metadata")
        place = _place(entry)
        if place in variants:
            entry.fault("text", f"'{name}' has two texts for {' and '.join(place)}", "Keep one of them.")
        text = entry.text("text")
        if text:
            variants[place] = Variant(text, entry.line("text"), _quick_replies(entry))
        if place[1] == Channel.WEB:
            metadata = entry.entry("metadata")
            headings[place[0]] = _heading(metadata, headings.get(Language.EN), language=place[0])
            signed = metadata if place[0] == Language.EN else signed
    if signed is None:
        responses.fault(
            name, f"'{name}' has no English web text", "Begin with a text without condition or channel."
        )
        signed = responses.unread(name)
    return Curated(
        name=name,
        kind=ReplyKind(signed.choice("kind", tuple(ReplyKind), ReplyKind.ANSWER)),
        variants=variants,
        review=review(signed),
        file=responses.file,
        line=responses.line(name),
        headings=headings,
    )


def _place(entry: Entry) -> Place:
    """The language and channel of a text. SMS texts need a condition even in English.

    Rasa prefers a text with a channel and no condition over one with a condition and no channel: without
    it a Spanish sender could get English.
    """
    channel = Channel.SMS if "channel" in entry else Channel.WEB
    if "channel" in entry:
        entry.choice("channel", (Channel.SMS,), Channel.SMS)
    conditions = entry.entries("condition")
    if not conditions:
        if channel == Channel.SMS:
            entry.fault("channel", "an SMS text has no language", _CONDITION.format("en"))
        return Language.EN, channel
    condition = conditions[0]
    condition.choice("type", ("slot",), "slot")
    condition.choice("name", ("language",), "language")
    allowed = tuple(Language) if channel == Channel.SMS else (Language.ES,)
    return Language(condition.choice("value", allowed, Language.ES)), channel


_CONDITION = "Add condition: [{{type: slot, name: language, value: {}}}]."


def _heading(metadata: Entry, english: Heading | None, *, language: Language) -> Heading:
    """The heading in a language; section and authority may be left in English."""
    review_keys = ("kind", *REVIEW_KEYS) if language == Language.EN else ()
    metadata.only(*_HEADING_KEYS, *review_keys)
    return Heading(
        title=metadata.text("title"),
        question=metadata.optional("question"),
        section=metadata.optional("section") or (english.section if english else None),
        authority=metadata.optional("authority") or (english.authority if english else None),
    )


def _quick_replies(entry: Entry) -> tuple[str, ...]:
    """Buttons that send ordinary text: Rasa would read a payload with a slash as a command."""
    titles = []
    for button in entry.entries("buttons"):
        button.only("title", "payload")
        title = button.text("title")
        if title != button.text("payload") or title.startswith("/"):
            button.fault("payload", "a button does not send what it shows", "Make payload the same as title.")
        titles.append(title)
    return tuple(titles)
