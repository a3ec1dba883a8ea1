"""Reaching staff through a real HTTP endpoint, one that refuses, and one that never answers."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import notify
from bot.messages import Kind, Level, Risk
from bot.notify import Notifier, NotifyError, misunderstood
from bot.pages import DATABASE_AWAY, HEARTBEAT, TEST, Page, body, title
from bot.transcripts.tables import HandoffReason, Reason

BASE = "https://chat.example.org"
EMERGENCY = Risk(level=Level.EMERGENCY, kind=Kind.SELF_HARM)


@pytest.fixture
def page() -> Page:
    return Page(uuid4(), Level.CRISIS, Kind.SELF_HARM, "opened", "some-handoff:CRISIS")


class Endpoint:
    """What a notification service received, and the status that it answers with."""

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        self.status = 200
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.received.append(await request.json())
        return web.Response(status=self.status)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/pager", endpoint.take)
    async with TestServer(app) as server:
        endpoint.url = f"json://127.0.0.1:{server.port}/pager"
        yield endpoint


@pytest.fixture
def silent_url() -> Iterator[str]:
    """An address that accepts a connection and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"json://127.0.0.1:{listening.getsockname()[1]}/?rto=2"


async def test_r22_level_kind_and_link_go_out_and_nothing_else(endpoint: Endpoint, page: Page) -> None:
    [recipient] = Notifier([endpoint.url], base_url=BASE).recipients
    await recipient.send(page)
    [sent] = endpoint.received
    assert sent["title"] == "Harborline: CRISIS"
    assert sent["message"].splitlines() == [
        "Self harm. New hand-off.",
        f"{BASE}/staff/conversations/{page.conversation}",
        "Ref some-handoff:CRISIS",
    ]


@pytest.mark.parametrize("status", [400, 401, 500, 503])
async def test_a_refusal_is_a_failure(endpoint: Endpoint, page: Page, status: int) -> None:
    endpoint.status = status
    [recipient] = Notifier([endpoint.url], base_url=BASE).recipients
    with pytest.raises(NotifyError, match="address 1"):
        await recipient.send(page)


async def test_an_address_that_is_none_fails_without_being_repeated(page: Page) -> None:
    [recipient] = Notifier(["nonsense-with-a-secret"], base_url=BASE).recipients
    with pytest.raises(NotifyError) as failure:
        await recipient.send(page)
    assert "secret" not in str(failure.value)
    assert "secret" not in recipient.name


async def test_an_error_inside_apprise_is_told_by_its_class(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("with words in it")

    monkeypatch.setattr("apprise.Apprise.notify", broken)
    [recipient] = Notifier(["json://127.0.0.1:1"], base_url=BASE).recipients
    with pytest.raises(NotifyError, match="address 1: ZeroDivisionError$"):
        await recipient.send(page)


async def test_a_hanging_service_does_not_block_the_loop(silent_url: str, page: Page) -> None:
    [recipient] = Notifier([silent_url], base_url=BASE).recipients
    send = asyncio.create_task(recipient.send(page))
    longest, last = 0.0, time.monotonic()
    for _ in range(100):
        await asyncio.sleep(0.01)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert not send.done()
    assert longest < 0.5
    send.cancel()
    await asyncio.wait({send})


async def test_sends_that_hang_are_limited(
    silent_url: str, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "HUNG_SENDS", 2)
    [recipient] = Notifier([silent_url], base_url=BASE).recipients
    hanging = [asyncio.create_task(recipient.send(page)) for _ in range(2)]
    await asyncio.sleep(0.2)
    with pytest.raises(NotifyError, match="hang"):
        await recipient.send(page)
    outcomes = await asyncio.gather(*hanging, return_exceptions=True)
    assert all(isinstance(outcome, NotifyError) for outcome in outcomes)
    with pytest.raises(NotifyError, match="refused or unreachable"):
        await recipient.send(page)


async def test_without_addresses_the_console_says_that_nobody_is_told(
    page: Page, caplog: pytest.LogCaptureFixture
) -> None:
    [recipient] = Notifier([], base_url=BASE).recipients
    with caplog.at_level(logging.WARNING):
        await recipient.send(page)
    assert "HARBORLINE_NOTIFY_URLS" in caplog.text
    assert "CRISIS" in caplog.text
    assert f"{BASE}/staff/conversations/{page.conversation}" in caplog.text


async def test_the_pager_reaches_who_can_be_reached(endpoint: Endpoint) -> None:
    conversation = uuid4()
    notifier = Notifier(["nonsense", endpoint.url], base_url=BASE)
    await notifier.page(conversation, EMERGENCY, "database away")
    [sent] = endpoint.received
    assert "EMERGENCY" in sent["title"]
    assert "Database away." in sent["message"]
    assert str(conversation) in sent["message"]


async def test_the_pager_says_when_nobody_was_reached_and_tries_again_next_time(endpoint: Endpoint) -> None:
    notifier = Notifier([endpoint.url], base_url=BASE)
    conversation = uuid4()
    endpoint.status = 500
    with pytest.raises(NotifyError):
        await notifier.page(conversation, EMERGENCY, "database away")
    assert len(endpoint.received) == notify.PAGE_ATTEMPTS
    endpoint.status = 200
    await notifier.page(conversation, EMERGENCY, "database away")
    assert len(endpoint.received) == notify.PAGE_ATTEMPTS + 1


async def test_a_flood_without_a_database_is_one_page_and_a_higher_level_another(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    notifier = Notifier([endpoint.url], base_url=BASE)
    conversation = uuid4()
    crisis = Risk(level=Level.CRISIS, kind=Kind.SUICIDE)
    for risk in (crisis, crisis, EMERGENCY, crisis, EMERGENCY):
        await notifier.page(conversation, risk, "database away")
    assert [sent["title"] for sent in endpoint.received] == ["Harborline: CRISIS", "Harborline: EMERGENCY"]
    await notifier.page(uuid4(), crisis, "database away")
    assert len(endpoint.received) == 3
    monkeypatch.setattr(notify, "PAGE_AGAIN_SECONDS", 0)
    await notifier.page(conversation, crisis, "database away")
    assert len(endpoint.received) == 4


async def test_the_memory_of_pages_is_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(notify, "REMEMBERED_PAGES", 1)
    notifier = Notifier([], base_url=BASE)
    first, second = uuid4(), uuid4()
    for conversation in (first, second, first):
        await notifier.page(conversation, EMERGENCY, "database away")
    assert caplog.text.count("HARBORLINE_NOTIFY_URLS") == 3


def test_addresses_that_apprise_does_not_know_are_found_by_their_place() -> None:
    assert misunderstood(["json://localhost", "nonsense", "mailto://user:pass@example.org"]) == [2]


@pytest.mark.parametrize(
    ("case", "level", "reason", "said"),
    [
        (HandoffReason.RISK, Level.CRISIS, Reason.ESCALATED, "Harborline: CRISIS"),
        (HandoffReason.RISK, Level.EMERGENCY, Reason.ALARM, "Harborline ALARM: EMERGENCY"),
        (HandoffReason.CALL_BACK, Level.NONE, Reason.CALL_BACK, "Harborline: call-back request"),
        (HandoffReason.CALL_BACK, Level.NONE, Reason.ALARM, "Harborline ALARM: call-back request"),
        (HandoffReason.ASKED_FOR_PERSON, Level.CONCERN, Reason.OPENED, "Harborline: asks for a person"),
        (HandoffReason.FOUND_IN_REVIEW, Level.CRISIS, Reason.OPENED, "Harborline: CRISIS"),
    ],
)
def test_the_title_tells_what_a_case_is(case: HandoffReason, level: Level, reason: Reason, said: str) -> None:
    page = Page(uuid4(), level, None, reason.value, "some-handoff:1", case)
    assert title(page) == said
    assert ("Danger" in body(page, BASE)) == (level >= Level.CRISIS)


@pytest.mark.parametrize("reason", [*Reason, DATABASE_AWAY, TEST, HEARTBEAT])
def test_every_reason_has_its_sentence(reason: str) -> None:
    assert len(body(Page(None, Level.NONE, None, reason, "ref"), BASE).splitlines()) == 3


async def test_contacts_are_told_when_the_database_is_away(endpoint: Endpoint) -> None:
    notifier = Notifier([], base_url=BASE, contacts={"ana": endpoint.url})
    assert [(each.name, each.label) for each in notifier.everybody] == [("contact/ana", "ana")]
    await notifier.page(uuid4(), EMERGENCY)
    assert len(endpoint.received) == 1
