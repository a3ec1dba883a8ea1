"""The demo page and the published protocol: crisis lines in plain HTML, a chat box where JavaScript runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Middleware
from markdown import markdown

from bot.channels.api import API_PATHS
from bot.channels.errors import Handler
from bot.channels.languages import preferred
from bot.channels.wire import link_json
from bot.content import Content
from bot.messages import Language, Link

STATIC: Final = Path(__file__).resolve().parent.parent / "static"
LINE: Final = ("lifeline", "emergency", "clinic_phone")
"""The numbers of `clinic.yml` that are always in view, in this order."""
DOCS: Final = STATIC.parent.parent / "docs"
PROTOCOLS: Final = {
    Language.EN: DOCS / "crisis-protocol.md",
    Language.ES: DOCS / "crisis-protocol.es.md",
}
HTML_ERRORS: Final = frozenset({404, 405})


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Renders the page from the templates, the texts of the page and the clinic's numbers."""

    content: Callable[[], Content]
    texts: Mapping[str, Mapping[str, str]]
    index: Template
    error: Template
    protocol: Template
    protocols: Mapping[Language, str]

    async def show(self, request: web.Request) -> web.Response:
        """GET /: the page, in the language of `?lang=` or of the browser."""
        return self._response(self.index, _language(request), 200)

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
            links="".join(_item(link, _number(link, self.content())) for link in self._line(language)),
            texts=_script_json({language: self._for_script(language) for language in Language}),
        )
        headers = {"Vary": "Accept-Language", "Content-Language": language}
        return web.Response(text=html, status=status, content_type="text/html", headers=headers)

    def _texts(self, language: Language) -> dict[str, str]:
        texts = self.texts[language]
        return {**texts, "title": texts["title"].format(clinic_name=self.content().clinic.name)}

    def _for_script(self, language: Language) -> dict[str, Any]:
        links = [
            {**link_json(link), "number": _number(link, self.content())} for link in self._line(language)
        ]
        return {**self._texts(language), "links": links}

    def _line(self, language: Language) -> tuple[Link, ...]:
        numbers = (self.content().clinic.numbers[name] for name in LINE)
        return tuple(link for number in numbers for link in number.links[language])


def add_page(app: web.Application, *, content: Callable[[], Content]) -> None:
    """Add the demo page, its static files, and error pages with the numbers."""
    page = Page(
        content=content,
        texts=json.loads(_read("texts.json")),
        index=Template(_read("index.html")),
        error=Template(_read("error.html")),
        protocol=Template(_read("protocol.html")),
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


def _number(link: Link, content: Content) -> str:
    """The number as people read it, where the link's label does not hold it; else nothing."""
    shown = (number.display for number in content.clinic.numbers.values() if _has(number.links, link))
    display = next(shown, "")
    return "" if display in link.label else display


def _has(links: Mapping[Language, tuple[Link, ...]], link: Link) -> bool:
    return any(link in of_language for of_language in links.values())


def _item(link: Link, number: str) -> str:
    small = f" <small>{escape(number)}</small>" if number else ""
    return f'<li><a class="tap" href="{escape(link.href)}"><span>{escape(link.label)}{small}</span></a></li>'


def _script_json(value: object) -> str:
    """JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _document(file: Path) -> str:
    """A document of ours as HTML, its headings one level down: the page's own name is above them."""
    text = file.read_text(encoding="utf-8")
    html: str = markdown(text, extensions=["toc"], extension_configs={"toc": {"baselevel": 2}})
    return html


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
