"""The whole server with its desk in this process, on a clock that tests move, and browsers of staff."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest
from aiohttp import ClientResponse, CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from bot.app import make_app
from bot.services import Services
from bot.settings import Mode, Settings
from bot.staff import factors
from bot.staff.roles import Role
from bot.transcripts.encryption import make_key
from bot.transcripts.tables import StaffMember
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import PASSWORD, add_member

COOKIE = "harborline-staff"
Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def services(tmp_path: Path, clock: HandClock, sqlite_migrated: Path) -> Services:
    shutil.copy(sqlite_migrated, tmp_path / "desk.db")
    settings = Settings(
        keys=(make_key(),),
        database_url=f"sqlite+aiosqlite:///{tmp_path / 'desk.db'}",
        spool=tmp_path / "spool",
        audit_anchor=tmp_path / "anchor" / "anchor.jsonl",
        mode=Mode.CARD_ONLY,
    )
    return Services(settings, clock=clock)


@pytest.fixture
async def server(services: Services) -> AsyncIterator[TestServer]:
    server = TestServer(make_app(services))
    await server.start_server()
    await services.start()
    yield server
    await server.close()


@dataclass
class Browser:
    """One browser: its cookies, and the form token of the page it saw last."""

    client: Client
    csrf: str = ""

    async def get(self, path: str, **more: Any) -> ClientResponse:
        """Load a page, without following redirects."""
        answer = await self.client.get(path, allow_redirects=False, **more)
        found = re.search(r'name="csrf" value="(\w+)"', await answer.text())
        self.csrf = found[1] if found else self.csrf
        return answer

    async def post(self, path: str, **fields: str) -> ClientResponse:
        """Send a form of our own page."""
        return await self.client.post(path, data={"csrf": self.csrf, **fields}, allow_redirects=False)

    @property
    def cookie(self) -> str:
        """The cookie's value."""
        found = {cookie.key: cookie.value for cookie in self.client.session.cookie_jar}
        return found.get(COOKIE, "")


NewBrowser = Callable[[], Awaitable[Browser]]
LogIn = Callable[..., Awaitable[Browser]]


@pytest.fixture
async def browser(server: TestServer) -> AsyncIterator[NewBrowser]:
    """Makes browsers that know nothing of each other."""
    made: list[Client] = []

    async def make() -> Browser:
        client: Client = TestClient(server, cookie_jar=CookieJar(unsafe=True))
        made.append(client)
        return Browser(client)

    yield make
    for client in made:
        await client.session.close()


@pytest.fixture
async def log_in(browser: NewBrowser, services: Services, clock: HandClock) -> LogIn:
    """A browser in which somebody is logged in; the account is made at the first time."""
    members: dict[str, StaffMember] = {}

    async def entered(login: str = "ada", role: Role = Role.CLINICIAN, *, planted: str = "") -> Browser:
        if login not in members:
            members[login] = await add_member(
                services.database, services.ring, clock.now(), login=login, role=role, password=PASSWORD
            )
        else:
            clock.advance(seconds=30)
        one = await browser()
        if planted:
            one.client.session.cookie_jar.update_cookies({COOKIE: planted})
        await one.get("/staff/login")
        secret = factors.secret_of(services.ring, members[login])
        code = pyotp.TOTP(secret).at(clock.now()) if secret else ""
        answer = await one.post("/staff/login", login=login, password=PASSWORD, code=code)
        assert answer.status == 303, await answer.text()
        await one.get("/staff/queue")
        return one

    return entered
