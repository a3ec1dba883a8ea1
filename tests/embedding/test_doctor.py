"""`harborline embed` and `harborline doctor page`, on pages served by a real web server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from bot.cli import main
from bot.content import Content, load
from bot.content.snippet import snippet
from bot.embedding.policy import admits
from bot.messages import Language
from bot.settings import ROOT

HOST = "https://chat.clinic.example"
SOCKET = "wss://chat.clinic.example"


@pytest.fixture(scope="module")
def content() -> Content:
    return load(ROOT / "data")


@contextmanager
def serving(html: str, headers: dict[str, str]) -> Iterator[str]:
    """A site with one page, in a thread of its own."""
    loop = asyncio.new_event_loop()

    async def show(_: web.Request) -> web.Response:
        return web.Response(text=html, content_type="text/html", headers=headers)

    async def start() -> tuple[web.AppRunner, int]:
        app = web.Application()
        app.router.add_get("/", show)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner, runner.addresses[0][1]

    runner, port = loop.run_until_complete(start())
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def doctor(content: Content) -> Callable[..., Result]:
    """Looks at a page: by default the snippet on a site that may use the chat."""

    def look(html: str = "", *, policy: str = "", allowed: bool = True, language: str = "en") -> Result:
        body = html or snippet(content, Language(language), host=HOST)
        headers = {"Content-Security-Policy": policy} if policy else {}
        with serving(f"<!doctype html><title>x</title>{body}", headers) as url:
            environ: dict[str, Any] = {"HARBORLINE_PUBLIC_URL": HOST}
            if allowed:
                environ["HARBORLINE_ALLOWED_ORIGINS"] = url
            return CliRunner().invoke(main, ["doctor", "page", url], env=environ)

    return look


@pytest.mark.parametrize("language", ["en", "es"])
def test_what_embed_prints_is_what_doctor_wants(doctor: Callable[..., Result], language: str) -> None:
    printed = CliRunner().invoke(main, ["embed", "--language", language], env={"HARBORLINE_PUBLIC_URL": HOST})
    assert f'<script src="{HOST}/widget.js" async></script>' in printed.output
    assert printed.output.count("tel:+13214153213") == 2
    assert "(321) 415-3213" in printed.output
    found = doctor(printed.output)
    assert found.output == "The page has the chat and the crisis lines as they should be.\n"
    assert found.exit_code == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("tel:+13214153213", "tel:+13214150000"), "which is no number of data/clinic.yml"),
        (("tel:988", "tel:989"), "lacks tel:988"),
        (("(321) 415-3213", "(321) 415-9999"), "does not show (321) 415-3213"),
        ((" async", ""), "Add async"),
        (("/widget.js", "/old/widget.js"), "It has https://chat.clinic.example/old/widget.js instead"),
        (("harborline-chat", "div"), "no <harborline-chat>"),
        (("noscript", "span"), "<noscript> lacks"),
    ],
)
def test_a_stale_copy_is_named(
    doctor: Callable[..., Result], content: Content, change: tuple[str, str], said: str
) -> None:
    found = doctor(snippet(content, Language.EN, host=HOST).replace(*change))
    assert said in found.output
    assert found.exit_code == 1


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("script-src 'self'; connect-src 'self'", "Add https://chat.clinic.example to script-src"),
        (f"script-src {HOST}; connect-src {HOST}", f"keeps the chat from {SOCKET}"),
        (f"default-src 'none'; script-src {HOST}; connect-src {SOCKET}", f"keeps the chat from {HOST}"),
        (f"script-src 'strict-dynamic' 'nonce-abc' {HOST}", "Add https://chat.clinic.example to script-src"),
        (f"default-src 'none'; script-src {HOST}; connect-src {HOST} {SOCKET}", ""),
        ("default-src https: wss:", ""),
        ("script-src *.clinic.example; connect-src *.clinic.example wss://*.clinic.example", ""),
        ("img-src 'self'; style-src 'none'", ""),
    ],
)
def test_a_policy_that_is_in_the_way_is_named(doctor: Callable[..., Result], policy: str, said: str) -> None:
    for way in ("header", "meta"):
        html = "" if way == "header" else f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        whole = html and html + snippet(load(ROOT / "data"), Language.EN, host=HOST)
        found = doctor(whole, policy=policy if way == "header" else "")
        assert (said in found.output) if said else found.exit_code == 0, found.output


def test_a_site_that_may_not_use_the_chat_is_named(doctor: Callable[..., Result]) -> None:
    assert "HARBORLINE_ALLOWED_ORIGINS" in doctor(allowed=False).output


def test_a_page_that_is_not_there() -> None:
    found = CliRunner().invoke(main, ["doctor", "page", "http://127.0.0.1:9/"])
    assert found.exit_code == 2
    assert "cannot be fetched" in found.output


@pytest.mark.parametrize(
    ("source", "admitted"),
    [
        ("'self'", False),
        ("https://chat.clinic.example", True),
        ("chat.clinic.example", True),
        ("https://chat.clinic.example/widget.js", True),
        ("https://chat.clinic.example/other.js", False),
        ("https://chat.clinic.example/", True),
        ("https://chat.clinic.example:444", False),
        ("http://chat.clinic.example", True),
        ("https://clinic.example", False),
        ("*", True),
        ("'none'", False),
        ("'unsafe-inline'", False),
        ("data:", False),
    ],
)
def test_sources_match_as_in_a_browser(source: str, admitted: bool) -> None:
    address, page = f"{HOST}/widget.js", "https://www.clinic.example/"
    assert admits(f"script-src {source}", ["script-src"], address, page=page) is admitted


def test_a_nonce_on_the_tag_admits_it() -> None:
    policy = "script-src 'strict-dynamic' 'nonce-abc'"
    assert admits(policy, ["script-src"], f"{HOST}/widget.js", page=HOST, nonce="abc")
    assert not admits(policy, ["script-src"], f"{HOST}/widget.js", page=HOST, nonce="other")
