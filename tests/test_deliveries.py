"""What staff see of the sending: failures, last successes, test pages."""

from __future__ import annotations

import asyncio

import pytest

from bot import deliveries
from bot.deliveries import UnknownRecipientError, reached, send_test_page, undelivered
from bot.outbox import Worker
from bot.pages import TEST
from bot.transcripts.database import Database
from tests.fixtures.clock import HandClock
from tests.fixtures.paging import Phone, Staff, in_danger, until


async def test_a_delivery_that_fails_shows_at_its_case_until_it_goes_through(
    database: Database, clock: HandClock
) -> None:
    await in_danger(database, clock)
    broken, fine = Phone("contact/ana", failures=2), Phone("contact/bo")
    broken.label = "ana"
    worker = asyncio.create_task(Worker(database, Staff(broken, fine), clock, poll_seconds=0.02).run())
    opened = clock.now()
    async with asyncio.timeout(10):
        while True:
            async with database.reading() as session:
                failing = await undelivered(session, [broken, fine])
            if failing:
                break
            await asyncio.sleep(0.02)
    [[failure]] = failing.values()
    assert (failure.recipient, failure.attempts, failure.error, failure.since) == (
        "ana", 1, "ConnectionRefusedError", opened,
    )  # fmt: skip
    for _ in range(2):
        clock.advance(minutes=1)
        await asyncio.sleep(0.2)
    await until(lambda: bool(broken.pages))
    async with asyncio.timeout(10):
        while failing:
            async with database.reading() as session:
                failing = await undelivered(session, [broken, fine])
    worker.cancel()
    await asyncio.wait({worker})


async def test_a_test_page_says_so_and_its_success_is_kept(database: Database, clock: HandClock) -> None:
    phone, never = Phone("contact/ana"), Phone("never")
    assert await send_test_page(database, [phone, never], "contact/ana", clock) is None
    tested = clock.now()
    [page] = phone.pages
    assert (page.reason, page.conversation) == (TEST, None)
    clock.advance(hours=1)
    phone.failing = 10
    assert await send_test_page(database, [phone, never], "contact/ana", clock) == "ConnectionRefusedError"
    async with database.reading() as session:
        first, second = await reached(session, [phone, never])
    assert (first.last_success, first.tested_at, first.error) == (
        tested, clock.now(), "ConnectionRefusedError",
    )  # fmt: skip
    assert (second.last_success, second.tested_at, second.error) == (None, None, None)


async def test_a_real_page_counts_as_a_success_too(database: Database, clock: HandClock) -> None:
    await in_danger(database, clock)
    phone = Phone("ana")
    worker = asyncio.create_task(Worker(database, Staff(phone), clock, poll_seconds=0.02).run())
    async with asyncio.timeout(10):
        while True:
            async with database.reading() as session:
                [row] = await reached(session, [phone])
            if row.last_success:
                break
            await asyncio.sleep(0.02)
    assert row.last_success == clock.now()
    worker.cancel()
    await asyncio.wait({worker})


async def test_a_test_page_that_hangs_is_a_failure(
    database: Database, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "TEST_SECONDS", 0.1)
    stuck = Phone("stuck", hangs=True)
    assert await send_test_page(database, [stuck], "stuck", clock) == "TimeoutError"


async def test_nobody_of_that_name(database: Database, clock: HandClock) -> None:
    with pytest.raises(UnknownRecipientError):
        await send_test_page(database, [Phone("ana")], "bo", clock)
