"""Reaching staff: the configured addresses through apprise, or a line on the console when there are none.

What goes out is level, kind and a link; the words stay where a login is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from tenacity import AsyncRetrying, stop_after_attempt, wait_fixed

from bot.escalation import CONTACT
from bot.messages import Level, Risk
from bot.pages import DATABASE_AWAY, Page, Recipient, body, title

log = logging.getLogger(__name__)

PAGE_SECONDS: Final = 4.0
PAGE_ATTEMPTS: Final = 2
PAGE_WAIT_SECONDS: Final = 0.5
PAGE_AGAIN_SECONDS: Final = 15 * 60
"""A flood of messages while the database is away is one page, and one more after this long."""
REMEMBERED_PAGES: Final = 10_000
HUNG_SENDS: Final = 32
"""Sends to one address that never came back; then it is failed at once instead of waiting for one more."""


class NotifyError(Exception):
    """A notification was not handed over."""


class Notifier:
    """Everybody who is told of a hand-off, and the pager for when the database cannot hold one.

    `recipients` are told of everything at once, `contacts` when the roster says so.

    Args:
        urls: Apprise addresses that are told of everything.
        base_url: Where the staff pages are, without a slash at the end.
        contacts: Apprise addresses of the roster's contacts, by key. With neither, pages go to the console.
        labels: What staff call the contacts, by key.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        base_url: str,
        contacts: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        called = labels or {}
        self.contacts: Sequence[Recipient] = [
            Address(url, base_url, name=contact_name(key), label=called.get(key, key))
            for key, url in (contacts or {}).items()
        ]
        self.recipients: Sequence[Recipient] = [
            Address(
                url, base_url, name=hashlib.sha256(url.encode()).hexdigest()[:16], label=f"address {place}"
            )
            for place, url in enumerate(urls, start=1)
        ]
        if not self.contacts and not self.recipients:
            self.recipients = [Console(base_url)]
        self._paged: OrderedDict[UUID, tuple[Level, float]] = OrderedDict()

    @property
    def everybody(self) -> Sequence[Recipient]:
        """Every way there is to reach staff."""
        return (*self.recipients, *self.contacts)

    async def page(self, conversation: UUID, risk: Risk, reason: str = DATABASE_AWAY) -> None:
        """Tell everybody at once, straight from memory; once for a conversation and level in a while.

        Raises:
            NotifyError: It reached nobody.
        """
        if self._paged_lately(conversation, risk.level):
            return
        self._remember(conversation, risk.level)
        try:
            await self.tell_everybody(
                Page(conversation, risk.level, risk.kind, reason, f"{conversation}:{risk.level.name}")
            )
        except NotifyError:
            self._paged.pop(conversation, None)
            raise

    async def tell_everybody(self, page: Page) -> None:
        """Send a page to everybody at once, without the database.

        Raises:
            NotifyError: It reached nobody.
        """
        outcomes = await asyncio.gather(
            *(_send_soon(recipient, page) for recipient in self.everybody), return_exceptions=True
        )
        if all(isinstance(outcome, BaseException) for outcome in outcomes):
            raise NotifyError(f"nobody was reached: {', '.join(type(error).__name__ for error in outcomes)}")

    def _paged_lately(self, conversation: UUID, level: Level) -> bool:
        told, at = self._paged.get(conversation, (Level.NONE, 0.0))
        return told >= level and time.monotonic() - at < PAGE_AGAIN_SECONDS

    def _remember(self, conversation: UUID, level: Level) -> None:
        self._paged[conversation] = level, time.monotonic()
        self._paged.move_to_end(conversation)
        if len(self._paged) > REMEMBERED_PAGES:
            self._paged.popitem(last=False)


class Console:
    """Stands in when nobody is configured: a line in the log that says so."""

    name = "console"
    label = "the server's log (no address is set)"

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    async def send(self, page: Page) -> None:
        """Log the page."""
        log.warning(
            "%s %s (nobody is configured to be told: set HARBORLINE_NOTIFY_URLS)",
            title(page),
            body(page, self._base_url).replace("\n", " "),
        )


class Address:
    """One apprise address. Each send has a thread of its own, since apprise blocks."""

    def __init__(self, url: str, base_url: str, *, name: str, label: str) -> None:
        self.name = name
        self.label = label
        self._url = url
        self._base_url = base_url
        self._free = threading.BoundedSemaphore(HUNG_SENDS)

    async def send(self, page: Page) -> None:
        """Hand the page to the service behind the address; the caller bounds the time.

        Raises:
            NotifyError: The address is not understood, or its service refused or could not be reached.
        """
        if not self._free.acquire(blocking=False):
            raise NotifyError(f"{self.label}: {HUNG_SENDS} sends hang")
        outcome: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        # A daemon, so that a service that hangs does not keep the process from ending.
        threading.Thread(target=self._work, args=(page, outcome), name="notify", daemon=True).start()
        problem = await outcome
        if problem is not None:
            raise NotifyError(f"{self.label}: {problem}")

    def _work(self, page: Page, outcome: asyncio.Future[str | None]) -> None:
        try:
            problem = self._deliver(page)
        except Exception as error:  # Some hundred services' code, each with errors of its own.
            problem = type(error).__name__
        finally:
            self._free.release()
        # The loop may be closed by now, and nobody waits.
        with contextlib.suppress(RuntimeError):
            outcome.get_loop().call_soon_threadsafe(_set, outcome, problem)

    def _deliver(self, page: Page) -> str | None:
        """Send; what is wrong, if anything."""
        # Here, because it takes a quarter of a second that no other part should wait for.
        from apprise import Apprise

        service = Apprise()
        if not service.add(self._url):
            return "not an apprise address"
        sent = service.notify(title=title(page), body=body(page, self._base_url))
        return None if sent else "refused or unreachable"


def contact_name(key: str) -> str:
    """The recipient's name of a contact on the roster."""
    return CONTACT + key


def misunderstood(urls: Sequence[str]) -> list[int]:
    """The places, from 1, of the addresses that apprise does not understand. Loads apprise."""
    from apprise import Apprise

    return [place for place, url in enumerate(urls, start=1) if not Apprise().add(url)]


async def _send_soon(recipient: Recipient, page: Page) -> None:
    async for attempt in AsyncRetrying(
        stop=stop_after_attempt(PAGE_ATTEMPTS), wait=wait_fixed(PAGE_WAIT_SECONDS), reraise=True
    ):
        with attempt:
            async with asyncio.timeout(PAGE_SECONDS):
                await recipient.send(page)


def _set(outcome: asyncio.Future[str | None], problem: str | None) -> None:
    if not outcome.done():
        outcome.set_result(problem)
