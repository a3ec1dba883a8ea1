"""A clinic's own pages with the widget on them, on another origin than the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Locator, Page, Route, expect

from bot.content import load
from bot.content.snippet import snippet
from bot.messages import Language
from bot.settings import ROOT
from tests.browser.conftest import PHONE, WATCH_POLICY

CLINIC: Final = "http://localhost:8099"
"""Never listened on: every page of it comes from `answer`. The server's fixture lets it use the API."""
STRANGER: Final = "http://localhost:8098"
"""A page that the clinic does not list."""
AWAY: Final = "http://localhost:8097"
"""Where "Leave this site" goes in tests."""
QUESTION: Final = "is k addictive when a doctor gives it?"
CRISIS: Final = "i want to kill myself"
ARTICLE: Final = "The tide table of the little harbour"

HOSTILE: Final = """
html { font-size: 4px }
* { color: #fe0102 !important; background: #fe0102 !important; font: italic 44px cursive !important;
    letter-spacing: 11px !important; text-transform: uppercase !important; line-height: 3 !important;
    opacity: .2 !important; pointer-events: none !important; visibility: hidden !important;
    width: 3px !important }
button, textarea, input, section, header, form, ul, p { display: none !important }
harborline-chat, harborline-chat * { display: none !important; position: static !important }
"""
RECORD: Final = """
window.heard = [];
for (const name of ["opened", "closed", "message", "crisis", "handoff"])
  document.addEventListener(`harborline:${name}`, (event) => window.heard.push([name, event.detail]));
window.spoken = [];
new MutationObserver((changes) => {
  for (const change of changes)
    for (const node of change.addedNodes)
      if (node.parentElement?.closest?.("[aria-live=polite]")) window.spoken.push(node.textContent);
}).observe(document, { childList: true, subtree: true });
"""


def strict(server: str) -> str:
    """The strictest policy under which a page can have the widget; docs/embedding.md names its lines."""
    socket = server.replace("http", "ws", 1)
    return (
        f"default-src 'none'; script-src {server}; connect-src {server} {socket}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


@dataclass
class Visit:
    """A page with the widget, and what its tab asked for."""

    page: Page
    context: BrowserContext
    server: str
    wrong: list[str] = field(default_factory=list)

    @property
    def chat(self) -> Locator:
        """The widget."""
        return self.page.locator("harborline-chat")

    @property
    def input(self) -> Locator:
        """Where the person writes."""
        return self.chat.locator("#input")

    async def open(self) -> None:
        """Tap the launcher."""
        await self.chat.locator(".launch").click()
        await expect(self.chat.locator(".panel")).to_be_visible()

    async def write(self, text: str) -> None:
        """Write a message and send it with Enter."""
        await self.input.fill(text)
        await self.input.press("Enter")

    async def ask(self) -> None:
        """Open, ask a question, wait for its answer."""
        await self.open()
        await self.write(QUESTION)
        await expect(self.chat.locator(".source")).to_be_visible()

    async def danger(self, text: str = CRISIS) -> None:
        """Write of danger and wait for the card."""
        await self.write(text)
        await expect(self.chat.locator(".help .sentence, .help .row").first).to_be_visible()

    async def hrefs(self, within: str) -> list[str]:
        """The links within a part of the widget."""
        found: list[str] = await self.chat.locator(f"{within} a").evaluate_all(
            "links => links.map((link) => link.getAttribute('href'))"
        )
        return found

    async def stored(self) -> list[int]:
        """How many things the browser keeps: local, session, databases, caches, cookies."""
        kept: list[int] = await self.page.evaluate(
            "async () => [localStorage.length, sessionStorage.length,"
            " (await indexedDB.databases()).length, (await caches.keys()).length]"
        )
        return [*kept, len(await self.context.cookies())]

    async def heard(self, name: str) -> list[Any]:
        """Details of the page's events of one name."""
        return [detail for each, detail in await self.page.evaluate("window.heard") if each == name]

    async def spoken(self) -> list[str]:
        """What the live region was given, in order."""
        said: list[str] = await self.page.evaluate("window.spoken")
        return said


OpenVisit = Callable[..., AbstractAsyncContextManager[Visit]]


def visits(browser: Browser, server: str) -> OpenVisit:
    """Opens visits; when one closes, no policy was violated, no error logged, nobody else was asked."""

    @asynccontextmanager
    async def opened(
        *,
        path: str = "/",
        attributes: str = "",
        policy: str = "",
        css: str = "",
        lang: str = "en",
        body: str = "",
        faults: bool = False,
        at: str = CLINIC,
        **options: Any,
    ) -> AsyncIterator[Visit]:
        context = await browser.new_context(**{"viewport": PHONE, "locale": "en-US", **options})
        asked: set[str] = set()
        context.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
        html = document(server, attributes=attributes, css=css, lang=lang, body=body)

        async def answer(route: Route) -> None:
            headers = {"Content-Security-Policy": policy} if policy else {}
            await route.fulfill(status=200, content_type="text/html", body=html, headers=headers)

        for site in (CLINIC, STRANGER):
            await context.route(f"{site}/**", answer)
        await context.route(f"{AWAY}/**", say_referrer)
        await context.add_init_script(WATCH_POLICY)
        await context.add_init_script(RECORD)
        page = await context.new_page()
        visit = Visit(page, context, server)
        watch(visit, page, faults=faults)
        await page.goto(f"{at}{path}")
        await expect(visit.chat.locator(".launch")).to_be_attached()
        yield visit
        assert not visit.wrong, visit.wrong
        assert not asked - {urlsplit(url).netloc for url in (CLINIC, STRANGER, AWAY, server)}
        if not page.is_closed() and page.url.startswith(CLINIC):
            violations = await page.evaluate("window.violations")
            assert not violations, violations
        await context.close()

    return opened


def watch(visit: Visit, page: Page, *, faults: bool = False) -> None:
    """Note every error of a page's scripts and, unless faults are meant, every line on its console."""
    page.on("pageerror", lambda error: visit.wrong.append(str(error)))
    page.on(
        "console",
        lambda line: visit.wrong.append(line.text) if not faults else None,
    )


def document(server: str, *, attributes: str = "", css: str = "", lang: str = "en", body: str = "") -> str:
    """A page with the snippet that `harborline embed` prints."""
    pasted = snippet(load(ROOT / "data"), Language.EN, host=server)
    pasted = pasted.replace("<harborline-chat>", f'<harborline-chat exit="{AWAY}/weather" {attributes}>')
    style = f"<style>{css}</style>" if css else ""
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{ARTICLE}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{style}</head>"
        f"<body><main><h1>{ARTICLE}</h1><p>High water at noon.</p>{body}</main>{pasted}</body></html>"
    )


async def say_referrer(route: Route) -> None:
    """The place that people leave to: it shows who sent them."""
    sent = route.request.headers.get("referer", "")
    await route.fulfill(
        status=200, content_type="text/html", body=f"<!doctype html><title>w</title><p id='from'>{sent}</p>"
    )
