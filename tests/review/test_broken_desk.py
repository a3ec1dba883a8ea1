"""A desk that cannot be had leaves the chat, its cards and the pages to staff untouched."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from bot.settings import ROOT
from tests.fixtures.crisis import say_crisis, wait_for_one_handoff
from tests.fixtures.server import Server, environment
from tests.review.conftest import LogIn


@pytest.mark.parametrize("missing", ["aiohttp_jinja2", "argon2", "django_htmx"])
def test_a_crisis_gets_its_card_and_staff_are_paged_without_the_desk(tmp_path: Path, missing: str) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / f"{missing}.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    environ = environment(tmp_path, mode="card-only")
    environ["PYTHONPATH"] = f"{planted}:{ROOT}"
    server = Server(tmp_path, environ).start()
    try:
        chat = server.chat()
        say_crisis(chat)
        wait_for_one_handoff(server, chat)
        assert httpx.get(f"{server.url}/staff/login", timeout=5).status_code == 404
        assert httpx.get(f"{server.url}/", timeout=5).status_code == 200
        log = server.log.read_text()
        assert "the staff pages are not served" in log
        assert "New hand-off" in log
    finally:
        server.stop()


async def test_the_server_stops_while_somebody_listens(log_in: LogIn) -> None:
    one = await log_in()
    live = await one.client.get("/staff/live")
    assert await live.content.readany()
    async with asyncio.timeout(5):
        await one.client.server.close()
    live.close()
