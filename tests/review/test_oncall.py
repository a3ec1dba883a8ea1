"""The page of who is told: the roster now, a test page over real HTTP, and pages that do not arrive."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.services import Services
from bot.settings import Mode, Settings
from bot.staff.roles import Role
from bot.transcripts.encryption import make_key
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import write
from tests.review.conftest import Browser, LogIn

ROSTER = """
time_zone: America/New_York
contacts:
  ana: {name: Ana Ruiz, address: HARBORLINE_CONTACT_ANA}
  bo: {name: Bo Lind, address: HARBORLINE_CONTACT_BO}
first:
  - {who: [ana], days: [every], from: "00:00", to: "00:00"}
next:
  - {who: [bo], days: [sat], from: "08:00", to: "20:00"}
alarm: [bo]
"""


@dataclass
class Pager:
    """A service that pages are handed to over HTTP; it may refuse."""

    url: str = ""
    refuses: bool = False
    pages: list[dict[str, Any]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep a page, or refuse it."""
        if self.refuses:
            raise web.HTTPServiceUnavailable
        self.pages.append(await request.json())
        return web.Response()


@pytest.fixture
async def pager() -> AsyncIterator[Pager]:
    pager, app = Pager(), web.Application()
    app.router.add_post("/{contact}", pager.take)
    async with TestServer(app) as server:
        pager.url = f"json://127.0.0.1:{server.port}"
        yield pager


@pytest.fixture
async def services(tmp_path: Path, clock: HandClock, sqlite_migrated: Path, pager: Pager) -> Services:
    shutil.copy(sqlite_migrated, tmp_path / "desk.db")
    shutil.copytree("data", tmp_path / "data")
    (tmp_path / "data" / "roster.yml").write_text(ROSTER)
    return Services(
        Settings(
            keys=(make_key(),),
            database_url=f"sqlite+aiosqlite:///{tmp_path / 'desk.db'}",
            data=tmp_path / "data",
            spool=tmp_path / "spool",
            audit_anchor=tmp_path / "anchor" / "anchor.jsonl",
            mode=Mode.CARD_ONLY,
            contact={
                "HARBORLINE_CONTACT_ANA": f"{pager.url}/ana",
                "HARBORLINE_CONTACT_BO": f"{pager.url}/bo",
            },
        ),
        clock=clock,
    )


async def shown(one: Browser) -> str:
    """The text of the page without its markup."""
    answer = await one.get("/staff/on-call")
    assert answer.status == 200
    return " ".join(re.sub(r"<[^>]+>", " ", await answer.text()).split())


async def test_it_says_who_is_told_now_and_sends_a_test_page(log_in: LogIn, pager: Pager) -> None:
    one = await log_in()
    text = await shown(one)
    assert "Told at once Ana Ruiz" in text
    assert "Then, with the alarm Ana Ruiz, Bo Lind" in text
    assert "Ana Ruiz Last reached never Last test never" in text
    answer = await one.post("/staff/on-call/test", recipient="contact/ana")
    assert answer.headers["Location"] == "/staff/on-call?said=test-sent"
    [page] = pager.pages
    assert page["title"] == "Harborline: test page"
    assert "Nobody is in danger" in page["message"]
    assert re.search(r"Ana Ruiz Last reached \S+ .+? Last test went through", await shown(one))


async def test_a_test_page_that_fails_says_so_and_is_written_down(log_in: LogIn, pager: Pager) -> None:
    pager.refuses = True
    one, admin = await log_in(), await log_in("root", Role.ADMIN)
    answer = await one.post("/staff/on-call/test", recipient="contact/bo")
    assert answer.headers["Location"] == "/staff/on-call?said=test-failed"
    assert re.search(r"Bo Lind Last reached never Last test ✕ failed", await shown(one))
    assert "test page sent" in await (await admin.get("/staff/audit")).text()


async def test_only_clinicians_send_test_pages_and_only_to_recipients(log_in: LogIn, pager: Pager) -> None:
    reviewer, clinician = await log_in("rae", Role.REVIEWER), await log_in()
    assert "Send a test page to Ana Ruiz" not in await shown(reviewer)
    assert "Send a test page to Ana Ruiz" in await shown(clinician)
    assert (await reviewer.post("/staff/on-call/test", recipient="contact/ana")).status == 403
    assert (await clinician.post("/staff/on-call/test", recipient="contact/nobody")).status == 404
    assert pager.pages == []


async def test_a_page_that_does_not_arrive_is_shown_with_its_case(
    log_in: LogIn, pager: Pager, services: Services, clock: HandClock
) -> None:
    pager.refuses = True
    one = await log_in()
    assert "is on its first try" in await shown(one)
    await write(services.database, services.ring, clock.now())
    for _ in range(200):
        text = await shown(one)
        if "tries so far" in text:
            break
    assert re.search(r"A case , tried since .+: ✕ Ana Ruiz , \d+ tries so far", text)
    queue = await (await one.get("/staff/queue")).text()
    assert "of the staff addresses cannot be reached" in queue
