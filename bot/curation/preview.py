"""A topic in the terminal as people will see it: both languages, web and SMS, and where it comes from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from bot.content import Clinic, Content
from bot.content.stamp import select
from bot.content.texts import PLACES, Curated, Place
from bot.curation.facts import LANGUAGES, authority, filled, on_the_air, reading, section, status
from bot.messages import Channel

WIDTH = 80
CHANNELS = {Channel.WEB: "web", Channel.SMS: "SMS"}


def preview(content: Content, topic: str) -> str:
    """Every text of a topic, ready to print.

    Args:
        content: May have faults: a text that is missing is said to be.
        topic: A file without its ending, a topic, a response or a card.

    Raises:
        ContentError: There is none of that name.
    """
    return "\n\n".join("\n".join(_shown(text, content.clinic)) for text in select(content, topic))


def _shown(text: Curated, clinic: Clinic) -> Iterator[str]:
    yield f"{text.name} ({text.kind})"
    yield "=" * WIDTH
    yield from _about(text)
    for place in PLACES:
        yield ""
        yield from _variant(text, place, clinic)


def _about(text: Curated) -> Iterator[str]:
    titles = dict.fromkeys(heading.title for heading in text.headings.values())
    questions = dict.fromkeys(heading.question for heading in text.headings.values() if heading.question)
    about = {
        "title": " / ".join(titles),
        "question": " / ".join(questions),
        "section": section(text),
        "sources" if text.sources else "authority": authority(text),
        "status": status(text),
        "reviewer": f"{text.review.reviewer}, {text.review.reviewed_on}",
        "file": f"{text.file}:{text.line}",
    }
    for name, value in about.items():
        if value:
            yield from textwrap.wrap(
                value, WIDTH, initial_indent=f"{name:<11}", subsequent_indent=" " * 11, break_long_words=False
            )


def _variant(text: Curated, place: Place, clinic: Clinic) -> Iterator[str]:
    language, channel = place
    name = f"{LANGUAGES[language]}, {CHANNELS[channel]}"
    variant = text.variants.get(place)
    if variant is None:
        yield f"--- {name}: missing"
        return
    said = filled(variant.text, clinic)
    facts = reading(variant.text, language) + (f", {on_the_air(said)}" if channel == Channel.SMS else "")
    yield f"--- {name}: {facts} ".ljust(WIDTH, "-")
    for line in said.splitlines():
        hanging = "    " if line.startswith("- ") else "  "
        yield from textwrap.wrap(line, WIDTH, initial_indent="  ", subsequent_indent=hanging) or [""]
    for quick_reply in variant.quick_replies:
        yield f"  [ {quick_reply} ]"
