"""Where every text comes from: a page to read and to file, and a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import product
from pathlib import Path
from string import Template
from typing import Final

from bot.content import Clinic, Content
from bot.content.texts import Curated, Place, changed
from bot.curation.facts import LANGUAGES, authority, filled, on_the_air, reading, section, status
from bot.messages import Channel, Language

PAGE: Final = Path(__file__).with_name("report.html")
COLUMNS: Final = ("text", "status", "reviewed on", "reviewer", "section", "authority or source")
WIDEST: Final = 36
"""Letters of a cell in the terminal; the page shows all."""

_CHANNELS = {Channel.WEB: "web", Channel.SMS: "SMS"}


def page(content: Content) -> str:
    """A self-contained HTML page without scripts: each text with section, authority, status and hash."""
    parts = {"Answers": content.responses.values(), "Cards": content.cards.values()}
    return Template(PAGE.read_text(encoding="utf-8")).substitute(
        clinic=escape(content.clinic.name),
        page=escape(content.clinic.page),
        sign_off=escape(content.sign_off),
        version=content.version,
        contents="".join(_contents(name, texts) for name, texts in parts.items()),
        parts="".join(_part(name, texts, content.clinic) for name, texts in parts.items()),
    )


def table(content: Content) -> str:
    """One line a text, and below them how many are not signed."""
    rows = [COLUMNS, *(_row(text) for text in content.texts)]
    cells = [[_short(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
    return "\n".join((*lines, "", content.sign_off))


def _row(text: Curated) -> tuple[str, ...]:
    review = text.review
    return text.name, status(text), review.reviewed_on, review.reviewer, section(text), authority(text)


def _short(cell: str) -> str:
    return cell if len(cell) <= WIDEST else f"{cell[: WIDEST - 1]}…"


def _contents(name: str, texts: Iterable[Curated]) -> str:
    links = (f'<li><a href="#{_anchor(text)}">{escape(_title(text))}</a></li>' for text in texts)
    return f"<h2>{name}: contents</h2><ul>{''.join(links)}</ul>"


def _part(name: str, texts: Iterable[Curated], clinic: Clinic) -> str:
    return f"<section><h2>{name}</h2>{''.join(_article(text, clinic) for text in texts)}</section>"


def _article(text: Curated, clinic: Clinic) -> str:
    state = "changed" if any(changed(text)) else text.review.status
    places = ((language, channel) for channel, language in product(Channel, Language))
    return (
        f'<article id="{_anchor(text)}"><header><h3>{escape(_title(text))}</h3>'
        f'<span class="status {state}">{escape(status(text))}</span>'
        f'<span class="name">{escape(text.name)}, {text.kind}</span></header>'
        f"<dl>{''.join(_facts(text))}</dl>"
        f'<div class="texts">{"".join(_variant(text, place, clinic) for place in places)}</div></article>'
    )


def _facts(text: Curated) -> Iterator[str]:
    facts = {
        "Section": _both(section(text), section(text, Language.ES)),
        "Sources" if text.sources else "Authority": _both(authority(text), authority(text, Language.ES)),
        "Reviewer": f"{text.review.reviewer}, {text.review.reviewed_on}",
        "File": f"data/{text.file.parent.name}/{text.file.name}:{text.line}",
    }
    for name, value in facts.items():
        yield f"<dt>{name}</dt><dd>{escape(value) or 'none: it makes no claim'}</dd>"
    yield f"<dt>SHA-256</dt><dd><code>{escape(text.review.sha256)}</code></dd>"


def _variant(text: Curated, place: Place, clinic: Clinic) -> str:
    language, channel = place
    heading = f"{LANGUAGES[language]}, {_CHANNELS[channel]}"
    variant = text.variants.get(place)
    if variant is None:
        return f'<div class="text"><h4>{heading}: missing</h4></div>'
    said = filled(variant.text, clinic)
    facts = reading(variant.text, language) + (f", {on_the_air(said)}" if channel == Channel.SMS else "")
    replies = "".join(f"<li>{escape(reply)}</li>" for reply in variant.quick_replies)
    return (
        f'<div class="text" lang="{language}"><h4 lang="en">{heading} · {facts}</h4><p>{escape(said)}</p>'
        + (f'<ul class="replies">{replies}</ul>' if replies else "")
        + "</div>"
    )


def _title(text: Curated) -> str:
    """The title; of one of several texts of a topic with its own name behind it."""
    heading = text.headings.get(Language.EN)
    group, _, key = text.name.rpartition("/")
    if heading is None:
        return text.name.replace("_", " ").capitalize()
    return heading.title if group in ("", "utter_faq") else f"{heading.title}: {key.replace('_', ' ')}"


def _both(english: str, spanish: str) -> str:
    return " / ".join(dict.fromkeys(part for part in (english, spanish) if part))


def _anchor(text: Curated) -> str:
    return escape(text.name.replace("/", "-"))
