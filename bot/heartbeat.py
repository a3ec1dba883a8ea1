"""The heartbeat (R29): an invented crisis message in each language, every five minutes, over real HTTP.

It proves from outside that the card comes, in time, and that message and answer are stored. It is marked by
a secret, so that nobody is paged and nothing is counted. Success pings a dead-man's switch, which alarms
when pings stop; failure pages whoever is on duty.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from aiohttp import ClientError, ClientSession, ClientTimeout

from bot.channels.synthetic import MARK, STORED
from bot.messages import Clock, Language, Level, ReplyKind
from bot.notify import Notifier, NotifyError
from bot.pages import HEARTBEAT, Page

log = logging.getLogger(__name__)

MESSAGES: Final[Mapping[Language, str]] = {
    Language.EN: "Automatic check of the crisis path: I want to kill myself.",
    Language.ES: "Prueba automática de la vía de crisis: quiero matarme.",
}
NUMBERS: Final = frozenset({"tel:988", "tel:911"})
EVERY_SECONDS: Final = 300.0
SLOWEST_SECONDS: Final = 5.0
"""For a card to arrive: a turn's three seconds, and the network."""
REQUEST_SECONDS: Final = 10.0
PING_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 20.0
"""Before a failure is believed: a restart takes less."""
PAGE_AGAIN_BEATS: Final = 6
"""A failure that lasts is paged again after so many beats: half an hour."""


class HeartbeatError(Exception):
    """The crisis path did not do what it must; the message is one of ours and holds no secret."""


async def beat(url: str, secret: str) -> None:
    """Send the message in each language and look at what comes back.

    Raises:
        HeartbeatError: Something is not as it must be.
    """
    timeout = ClientTimeout(total=REQUEST_SECONDS)
    try:
        async with ClientSession(timeout=timeout, headers={MARK: secret}) as http:
            for language in Language:
                await _converse(http, url, language)
    except (ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError) as error:
        # The error's own text may hold the address.
        raise HeartbeatError(f"the server cannot be reached or understood: {type(error).__name__}") from error


async def _converse(http: ClientSession, url: str, language: Language) -> None:
    async with http.post(f"{url}/api/conversations", json={"language": language}) as response:
        _require(response.status == 201, f"a chat cannot be opened: status {response.status}")
        # Without the mark this would be a person in danger to the server.
        recognised = response.headers.get(MARK) == "yes"
        _require(recognised, "the server does not know this HARBORLINE_HEARTBEAT_SECRET")
        opened = await response.json()
    body = {
        "conversation": opened["conversation"],
        "client_message_id": uuid4().hex,
        "text": MESSAGES[language],
    }
    headers = {"Authorization": f"Bearer {opened['token']}"}
    started = time.monotonic()
    async with http.post(f"{url}/api/messages", json=body, headers=headers) as response:
        _require(response.status == 200, f"a message is not answered: status {response.status}")
        replies = (await response.json())["replies"]
        seconds = time.monotonic() - started
        stored = response.headers.get(STORED) == "yes"
    _require_card(replies, language)
    _require(seconds <= SLOWEST_SECONDS, f"the card took {seconds:.1f} s")
    _require(stored, "the message is not in the database")


def _require_card(replies: list[dict[str, Any]], language: Language) -> None:
    first = replies[0] if replies else {}
    _require(first.get("kind") == ReplyKind.CRISIS, f"no crisis card came ({language})")
    _require(first["language"] == language, f"the card is not in the message's language ({language})")
    hrefs = {link["href"] for link in first["links"]}
    _require(hrefs >= NUMBERS, f"the card lacks 988 or 911 ({language})")


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise HeartbeatError(problem)


async def ping(url: str) -> None:
    """Tell the dead-man's switch that all is well.

    Raises:
        HeartbeatError: It cannot be reached, or refuses.
    """
    try:
        async with ClientSession(timeout=ClientTimeout(total=PING_SECONDS)) as http, http.get(url) as answer:
            _require(answer.status < 400, f"the dead-man's switch refuses: status {answer.status}")
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        raise HeartbeatError(f"the dead-man's switch is away: {type(error).__name__}") from error


class Heart:
    """Beats, and tells of what it finds.

    Args:
        url: Where people reach the server.
        secret: Marks the messages.
        ping_url: The dead-man's switch; none when empty.
        notifier: Whom a failure is told to.
        clock: For the reference of a page.
    """

    def __init__(self, url: str, secret: str, ping_url: str, notifier: Notifier, clock: Clock) -> None:
        self._url = url
        self._secret = secret
        self._ping_url = ping_url
        self._notifier = notifier
        self._clock = clock
        self._failures = 0

    async def once(self) -> str | None:
        """One beat, tried again once before it counts as failed.

        Returns:
            What is wrong, or None.
        """
        problem = await _problem(beat(self._url, self._secret))
        if problem is not None:
            log.warning("heartbeat: %s; trying again", problem)
            await asyncio.sleep(AGAIN_SECONDS)
            problem = await _problem(beat(self._url, self._secret))
        if problem is not None:
            await self._failed(problem)
            return problem
        self._failures = 0
        # The switch itself alarms when it is not pinged, so nobody is paged for it.
        return await _problem(ping(self._ping_url)) if self._ping_url else None

    async def for_ever(self, tell: Callable[[str], None]) -> None:
        """Beat every five minutes; `tell` hears what became of each beat."""
        while True:
            tell(await self.once() or "the crisis path works")
            await asyncio.sleep(EVERY_SECONDS)

    async def _failed(self, problem: str) -> None:
        log.error("heartbeat: %s", problem)
        due = self._failures % PAGE_AGAIN_BEATS == 0
        self._failures += 1
        if not due:
            return
        page = Page(None, Level.NONE, None, HEARTBEAT, f"heartbeat:{self._clock.now():%Y-%m-%dT%H}")
        try:
            await self._notifier.tell_everybody(page)
        except NotifyError as error:
            log.error("heartbeat: %s", error)


async def _problem(work: Awaitable[None]) -> str | None:
    try:
        await work
    except HeartbeatError as error:
        return str(error)
    return None
