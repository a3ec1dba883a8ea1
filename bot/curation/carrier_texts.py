"""Texts that are kept at the SMS provider, made from the cards, so that their numbers are the clinic's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from bot.cards import Cards
from bot.content import Content
from bot.messages import Channel, Language

FALLBACK: Final = "fallback.xml"
OPT_OUT: Final = "opt-out.md"
LANGUAGES: Final = {Language.EN: "English", Language.ES: "Spanish"}
ACTS: Final = (
    ("Opt-out", "opt_out", "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT", ""),
    ("Opt-in", "opted_in", "START UNSTOP", ""),
    ("Help", "help", "HELP INFO", "AYUDA"),
)
"""Heading in Twilio's form, card, keywords in English and those to add in Spanish."""


def files(content: Content) -> Mapping[str, str]:
    """Name and content of each file."""
    cards = Cards(content)
    return {FALLBACK: _fallback(cards), OPT_OUT: _opt_out(content, cards)}


def write(content: Content, folder: Path) -> tuple[Path, ...]:
    """Write them.

    Raises:
        OSError: The folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, text in files(content).items():
        (folder / name).write_text(text, encoding="utf-8")
        made.append(folder / name)
    return tuple(made)


def _fallback(cards: Cards) -> str:
    texts = (cards.fallback(language, Channel.SMS).text for language in Language)
    messages = "".join(f"  <Message>{escape(text)}</Message>\n" for text in texts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>\n{messages}</Response>\n'


def _opt_out(content: Content, cards: Cards) -> str:
    parts = [
        f"# Advanced Opt-Out texts of {content.clinic.name}",
        "Made by `harborline sms-setup` from `data/`. Paste each into the Messaging Service's Opt-Out\n"
        "Management; the Spanish ones under a second language. Take `YES` out of the opt-in keywords: it is\n"
        "what people answer to our own questions. `ALTO` and `PARAR` need not be there: Harborline honours\n"
        "them by itself, and a crisis card still arrives then, which it does not once the network blocks.",
    ]
    for heading, name, english, spanish in ACTS:
        parts.append(f"## {heading}")
        for language, words in ((Language.EN, english), (Language.ES, spanish)):
            shown = " ".join(f"`{word}`" for word in words.split()) or "the same"
            text = cards.service(name, language, Channel.SMS).text
            parts.append(f"{LANGUAGES[language]}; keywords: {shown}\n\n> {text}")
    return "\n\n".join(parts) + "\n"
