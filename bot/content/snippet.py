"""What a clinic pastes into its page: the widget's tag, and the crisis lines as plain HTML around it.

The lines stand inside `<harborline-chat>`, where they are read while the script is on its way, is blocked,
or does not come at all; once it runs, the chat takes their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from bot.content.lines import Line, lines
from bot.content.store import Content
from bot.messages import Language

LEAD: Final[Mapping[Language, str]] = {
    Language.EN: "In danger, or thinking about suicide? Help is free, day and night.",
    Language.ES: "¿Está en peligro o piensa en el suicidio? La ayuda es gratuita, de día y de noche.",
}
NO_SCRIPT: Final[Mapping[Language, str]] = {
    Language.EN: "The chat needs JavaScript. These numbers do not:",
    Language.ES: "El chat necesita JavaScript. Estos números no:",
}


def snippet(content: Content, language: Language, *, host: str = "") -> str:
    """The HTML, ending without a line feed.

    Args:
        content: Where the numbers come from.
        language: Of the plain lines; the chat itself follows the page's language.
        host: Where the script is served, for example `https://chat.clinic.example`; nothing on that server's
            own pages.
    """
    found = lines(content, language)
    items = "\n".join(f"    <li>{_anchor(line)}</li>" for line in found)
    short = ", ".join(_anchor(line) for line in found)
    return (
        "<harborline-chat>\n"
        f'  <p lang="{language}">{escape(LEAD[language])}</p>\n'
        f'  <ul lang="{language}">\n{items}\n  </ul>\n'
        "</harborline-chat>\n"
        f'<noscript><p lang="{language}">{escape(NO_SCRIPT[language])} {short}</p></noscript>\n'
        f'<script src="{escape(host)}/widget.js" async></script>'
    )


def _anchor(line: Line) -> str:
    number = f" {line.number}" if line.number else ""
    return f'<a href="{escape(line.href)}">{escape(line.label + number)}</a>'
