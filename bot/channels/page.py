"""The demo page and the published protocol: the crisis lines, and the widget as on a clinic's site."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware
from markdown import markdown

from bot.channels.api import API_PATHS
from bot.channels.errors import Handler
from bot.channels.languages import preferred
from bot.content import Content
from bot.content.lines import Line, lines
from bot.content.snippet import snippet
from bot.messages import Language

STATIC: Final = Path(__file__).resolve().parent.parent / "static"
DOCS: Final = STATIC.parent.parent / "docs"
PROTOCOLS: Final = {
    Language.EN: DOCS / "crisis-protocol.md",
    Language.ES: DOCS / "crisis-protocol.es.md",
}
PHONE: Final = Template('<a href="$phone" hreflang="en">$sms_way_link</a>')
SIMULATOR: Final = Template("<p>$sms_way_how <code>harborline sms-simulator</code></p>")
"""How texting is tried: in this server where it offers that, otherwise by a command."""
HTML_ERRORS: Final = frozenset({404, 405})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Renders the pages from the templates, their texts and the clinic's numbers."""

    content: Callable[[], Content]
    texts: Mapping[str, Mapping[str, str]]
    index: Template
    error: Template
    protocol: Template
    protocols: Mapping[Language, str]
    phone: str | None = None
    """Where the simulated phone is, if it is."""

    async def show(self, request: web.Request) -> web.Response:
        """GET /: the demo page, in the language of `?lang=` or of the browser."""
        language = _language(request)
        return self._response(
            self.index,
            language,
            200,
            snippet=snippet(self.content(), language),
            sms_way_try=self._sms_way(language),
        )

    async def show_protocol(self, request: web.Request) -> web.Response:
        """GET /protocol: what happens with a crisis message, in plain words (R10)."""
        language = _language(request)
        return self._response(self.protocol, language, 200, document=self.protocols[language])

    def show_error(self, request: web.Request, status: int) -> web.Response:
        """A page that says so, with the numbers."""
        return self._response(self.error, preferred(request), status)

    def _response(
        self, template: Template, language: Language, status: int, **html_parts: str
    ) -> web.Response:
        values = {name: escape(text) for name, text in self._texts(language).items()}
        other = Language.ES if language is Language.EN else Language.EN
        html = template.substitute(
            {**values, **html_parts},
            language=language,
            other=other,
            clinic_name=escape(self.content().clinic.name),
            links="".join(_item(line) for line in lines(self.content(), language)),
        )
        headers = {"Vary": "Accept-Language", "Content-Language": language}
        return web.Response(text=html, status=status, content_type="text/html", headers=headers)

    def _sms_way(self, language: Language) -> str:
        values = {name: escape(text) for name, text in self.texts[language].items()}
        return (PHONE if self.phone else SIMULATOR).substitute(values, phone=self.phone)

    def _texts(self, language: Language) -> dict[str, str]:
        texts = self.texts[language]
        return {**texts, "title": texts["title"].format(clinic_name=self.content().clinic.name)}


def add_page(app: web.Application, *, content: Callable[[], Content], phone: str | None = None) -> None:
    """Add the demo page, its static files, and error pages with the numbers.

    Args:
        app: The server.
        content: The content now in force.
        phone: The address of the simulated phone, if this server has one.
    """
    page = Page(
        content=content,
        texts=json.loads(_read("texts.json")),
        index=Template(_read("index.html")),
        error=Template(_read("error.html")),
        protocol=Template(_read("protocol.html")),
        phone=phone,
        protocols={language: _document(PROTOCOLS[language]) for language in Language},
    )
    app.router.add_get("/", page.show)
    app.router.add_get("/protocol", page.show_protocol)
    app.router.add_static("/static", STATIC)
    app.middlewares.append(_errors(page))
    app.on_response_prepare.append(_let_static_files_be_kept)


async def _let_static_files_be_kept(request: web.Request, response: web.StreamResponse) -> None:
    if request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"


def _errors(page: Page) -> Middleware:
    @web.middleware
    async def show_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status not in HTML_ERRORS or API_PATHS.match(request.path):
                raise
            return page.show_error(request, error.status)

    return show_errors


def _language(request: web.Request) -> Language:
    asked = request.query.get("lang")
    return Language(asked) if asked in set(Language) else preferred(request)


def _item(line: Line) -> str:
    small = f" <small>{escape(line.number)}</small>" if line.number else ""
    return f'<li><a class="tap" href="{escape(line.href)}"><span>{escape(line.label)}{small}</span></a></li>'


def _document(file: Path) -> str:
    """A document of ours as HTML, its headings one level down: the page's own name is above them."""
    text = file.read_text(encoding="utf-8")
    html: str = markdown(text, extensions=["toc"], extension_configs={"toc": {"baselevel": 2}})
    return html


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
