"""Staff in front of a real server: accounts put into its database, and browsers that log in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyotp
import sqlalchemy as sa
from playwright.async_api import Browser, Page
from tenacity import AsyncRetrying, stop_after_attempt

from bot.staff import factors
from bot.staff.roles import Role
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import StaffMember, StaffSession
from tests.browser.conftest import WATCH_POLICY
from tests.fixtures.desk import PASSWORD, add_member
from tests.fixtures.server import Server

SPY_ON_SOUND = """
window.tones = 0;
const begin = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...at) { window.tones += 1; return begin.apply(this, at); };
"""


@dataclass
class Desk:
    """A server's desk: its staff, and pages in browsers of their own."""

    server: Server
    browser: Browser
    members: dict[str, StaffMember] = field(default_factory=dict)

    @property
    def ring(self) -> KeyRing:
        """The server's keys."""
        return KeyRing([self.server.environ["HARBORLINE_KEYS"]])

    def database(self) -> Database:
        """The server's database, from beside it."""
        return Database(f"sqlite+aiosqlite:///{self.server.folder / 'var' / 'harborline.db'}", self.ring)

    async def member(self, login: str, role: Role) -> StaffMember:
        """An account that can log in."""
        if login not in self.members:
            database = self.database()
            self.members[login] = await add_member(
                database, self.ring, datetime.now(UTC), login=login, role=role, password=PASSWORD
            )
            await database.close()
        return self.members[login]

    async def code(self, login: str) -> str:
        """A code that was not used yet."""
        member = self.members[login]
        secret = factors.secret_of(self.ring, member)
        # Tests log in faster than codes change.
        await self._change(sa.update(StaffMember).where(StaffMember.id == member.id).values(totp_step=None))
        return pyotp.TOTP(secret).now() if secret else ""

    async def go_idle(self) -> None:
        """Let everybody have been away for twenty minutes."""
        long_ago = datetime.now(UTC).replace(year=2025)
        await self._change(sa.update(StaffSession).values(last_seen_at=long_ago))

    async def _change(self, statement: sa.Update) -> None:
        database = self.database()
        async for attempt in AsyncRetrying(stop=stop_after_attempt(10), reraise=True):
            with attempt:
                async with database.transaction() as session:
                    await session.execute(statement)
        await database.close()

    @asynccontextmanager
    async def page(
        self, login: str = "ada", role: Role = Role.CLINICIAN, *, faults: bool = False, **options: Any
    ) -> AsyncIterator[Page]:
        """A page in a browser of its own, logged in; when it closes, what went wrong in it is told."""
        await self.member(login, role)
        context = await self.browser.new_context(
            **{"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce", **options}
        )
        await context.add_init_script(WATCH_POLICY + SPY_ON_SOUND)
        page = await context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
        page.on("console", lambda message: wrong.append(message.text) if _is_bad(message.text) else None)
        await self.log_in(page, login)
        try:
            yield page
            violations = await page.evaluate("window.violations")
        finally:
            await context.close()
        assert violations == []
        assert faults or wrong == []

    async def log_in(self, page: Page, login: str) -> None:
        """Fill in the form, as somebody would."""
        await page.goto(f"{self.server.url}/staff/")
        await page.get_by_label("Name").fill(login)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_label("Code from your authenticator app").fill(await self.code(login))
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url("**/staff/queue")


def _is_bad(text: str) -> bool:
    # Browsers say so of a page that nobody has touched; the page itself says it too.
    return "AudioContext was not allowed" not in text and "Password forms should have" not in text


async def say(server: Server, *texts: str) -> str:
    """Write messages in a conversation of their own; its id."""

    def write() -> str:
        chat = server.chat()
        for text in texts:
            chat.say(text)
        return chat.conversation

    return await asyncio.to_thread(write)
