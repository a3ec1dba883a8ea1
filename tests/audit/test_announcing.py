"""The head of the audit log is told to somebody outside, over real HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import make_app
from bot.audit import Act, record
from bot.services import Services
from bot.settings import Mode, Settings
from bot.transcripts.encryption import make_key


async def test_r21_the_anchor_is_told_outside(tmp_path: Path) -> None:
    told: list[str] = []

    async def listen(request: web.Request) -> web.Response:
        told.append((await request.json())["message"])
        return web.Response()

    outside = web.Application()
    outside.router.add_post("/", listen)
    async with TestServer(outside) as receiver:
        settings = Settings(
            keys=(make_key(),),
            database_url=f"sqlite+aiosqlite:///{tmp_path / 'x' / 'desk.db'}",
            spool=tmp_path / "spool",
            audit_anchor=tmp_path / "anchor.jsonl",
            mode=Mode.CARD_ONLY,
        )
        services = Services(replace(settings, audit_anchor_url=f"json://{receiver.host}:{receiver.port}"))
        await services.database.migrate()
        async with services.database.transaction() as session:
            await record(session, services.ring, Act.LOGIN, services.clock.now())
        async with TestServer(make_app(services)):
            await services.start()
            for _ in range(100):
                if told:
                    break
                await asyncio.sleep(0.1)
    [line] = told
    assert line.startswith("1 ")
    assert line.split()[1] in settings.audit_anchor.read_text()
