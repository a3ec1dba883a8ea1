"""The website widget: one script at `/widget.js`, put together from its sources, the texts and the numbers.

The clinic's numbers, the disclosure and the greeting are inside the script, so that a page that has loaded
it shows them whatever becomes of the server.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from aiohttp.helpers import ETag

from bot.cards import Cards
from bot.content import Content, UnsignedResponseError
from bot.content.lines import Line, lines, more_lines
from bot.messages import Channel, Language

FOLDER: Final = Path(__file__).resolve().parent.parent / "static" / "widget"
SOURCES: Final = (
    "dom",
    "options",
    "keep",
    "wire",
    "server",
    "chat",
    "leave",
    "intro",
    "turns",
    "help",
    "focus",
    "voice",
    "launcher",
    "composer",
    "clearer",
    "fit",
    "panel",
    "element",
)
"""In the order in which they stand in the script."""
EXIT: Final = "https://www.weather.gov/"
"""Where "Leave this site" goes when the page does not say: dull, and everybody's."""
HEADERS: Final = {
    # Five minutes old at most, and at hand for a week when this server is down and a cache is in between.
    "Cache-Control": "public, max-age=300, stale-while-revalidate=60, stale-if-error=604800",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Vary": "Accept-Encoding",
}
FRAME: Final = """(() => {{
"use strict";
if (customElements.get("harborline-chat") || !("adoptedStyleSheets" in document)) return;
const SCRIPT = document.currentScript;
const HOST = SCRIPT?.src ? new URL(SCRIPT.src).origin : location.origin;
const CONFIG = {config};
const STYLE = {style};
{sources}
}})();
"""


@dataclass(frozen=True)
class Script:
    """The whole script, as it is and compressed."""

    body: bytes

    @cached_property
    def compressed(self) -> bytes:
        """With gzip; the same bytes for the same script."""
        return gzip.compress(self.body, 9, mtime=0)

    @cached_property
    def tag(self) -> str:
        """What changes with the script."""
        return hashlib.sha256(self.body).hexdigest()[:20]


class Widget:
    """Serves the script, made anew when content or cards are.

    Args:
        content: The content now in force.
        cards: The cards now in force.
        page_context: Whether the clinic wants to know from which page people write.
    """

    def __init__(
        self, *, content: Callable[[], Content], cards: Callable[[], Cards], page_context: bool = False
    ) -> None:
        self._content = content
        self._cards = cards
        self._page_context = page_context
        self._style = shorter_style(_read("widget.css"))
        self._sources = "\n".join(shorter_script(_read(f"{name}.js")) for name in SOURCES)
        self._texts: Mapping[str, Mapping[str, str]] = json.loads(_read("texts.json"))
        self._made: tuple[Content, Cards, Script] | None = None

    async def show(self, request: web.Request) -> web.Response:
        """GET /widget.js."""
        script = self.script()
        zipped = "gzip" in request.headers.get("Accept-Encoding", "")
        # One tag an encoding, as the two are different bytes.
        tag = ETag(f"{script.tag}-gzip" if zipped else script.tag)
        if request.if_none_match and tag in request.if_none_match:
            response = web.Response(status=304, headers=HEADERS)
        else:
            response = web.Response(
                body=script.compressed if zipped else script.body,
                content_type="text/javascript",
                charset="utf-8",
                headers={**HEADERS, "Content-Encoding": "gzip"} if zipped else HEADERS,
            )
        response.etag = tag
        return response

    def script(self) -> Script:
        """The script for the content now in force."""
        content, cards = self._content(), self._cards()
        made = self._made
        if made is None or made[0] is not content or made[1] is not cards:
            text = FRAME.format(
                config=_json(self._config(content, cards)), style=_json(self._style), sources=self._sources
            )
            made = self._made = (content, cards, Script(text.encode()))
        return made[2]

    def _config(self, content: Content, cards: Cards) -> dict[str, Any]:
        """Everything the sources read from `CONFIG`."""
        return {
            "clinic": content.clinic.name,
            "numbers": content.clinic.values,
            "texts": self._texts,
            "disclosure": {language: cards.disclosure(language, Channel.WEB).text for language in Language},
            "greeting": {language: _greeting(content, language) for language in Language},
            "lines": {language: _lines(lines(content, language)) for language in Language},
            "more": {language: _lines(more_lines(content, language)) for language in Language},
            "exit": EXIT,
            "page": self._page_context,
        }


def add_widget(
    app: web.Application,
    *,
    content: Callable[[], Content],
    cards: Callable[[], Cards],
    page_context: bool = False,
) -> None:
    """Serve the widget's script."""
    widget = Widget(content=content, cards=cards, page_context=page_context)
    app.router.add_get("/widget.js", widget.show)


def shorter_script(source: str) -> str:
    """A source without its comments and indentation; no text goes over lines, or holds `; //`."""
    kept = (re.sub(r"(?<=[;,{]) // .*$", "", line.strip()) for line in source.splitlines())
    return "\n".join(line for line in kept if line and not line.startswith(("//", "/*", "*")))


def shorter_style(source: str) -> str:
    """A style sheet without its comments and most of its white space."""
    bare = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return re.sub(r"\s*([{};,>])\s*", r"\1", re.sub(r"\s+", " ", bare)).replace(";}", "}").strip()


def _greeting(content: Content, language: Language) -> dict[str, Any]:
    """What is said first, and what may be asked with one tap; unsigned texts are not said."""
    try:
        reply = content.reply("utter_smalltalk/greeting", language, Channel.WEB)
    except UnsignedResponseError:
        return {"text": "", "quick_replies": []}
    return {"text": reply.text, "quick_replies": list(reply.quick_replies)}


def _lines(found: tuple[Line, ...]) -> list[dict[str, Any]]:
    """Lines without what is not set."""
    names = {"language": "lang"}
    return [{names.get(name, name): value for name, value in asdict(line).items() if value} for line in found]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _read(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
