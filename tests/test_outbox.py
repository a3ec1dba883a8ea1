"""The outbox: everybody is told at least once, by any number of workers, and nobody waits for another."""

from __future__ import annotations

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from bot import handoff, leasing, outbox
from bot.dispatches import LEASE
from bot.messages import Kind, Level
from bot.outbox import Worker, wait_after
from bot.pages import Page
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing, make_key
from bot.transcripts.tables import Dispatch, SendState, StaffMember
from tests.fixtures.clock import HandClock
from tests.fixtures.paging import CRISIS, EMERGENCY, Phone, Staff, in_danger, until


@pytest.fixture
async def work(
    database: Database, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Callable[..., asyncio.Task[None]]]:
    """Starts a worker that is stopped when the test ends."""
    monkeypatch.setattr(leasing, "FINISH_SECONDS", 0.5)
    running: list[asyncio.Task[None]] = []

    def start(*recipients: Phone, on: Database = database, poll: float = 0.02) -> asyncio.Task[None]:
        worker = Worker(on, Staff(*recipients), clock, poll_seconds=poll)
        running.append(asyncio.create_task(worker.run()))
        return running[-1]

    yield start
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def dispatches(database: Database) -> list[Dispatch]:
    async with database.transaction() as session:
        return list(await session.scalars(select(Dispatch)))


async def all_marked(database: Database, count: int) -> list[Dispatch]:
    async with asyncio.timeout(10):
        while True:
            rows = [row for row in await dispatches(database) if row.state is SendState.SENT]
            if len(rows) == count:
                return rows
            await asyncio.sleep(0.02)


async def test_everybody_is_told_what_how_bad_and_where(
    database: Database, clock: HandClock, work: Callable[..., object]
) -> None:
    conversation = await in_danger(database, clock)
    first, second = Phone("first"), Phone("second")
    work(first, second)
    await until(lambda: bool(first.pages and second.pages))
    assert first.pages == second.pages
    [page] = first.pages
    assert (page.conversation, page.level, page.kind, page.reason) == (
        conversation, Level.CRISIS, Kind.SUICIDE, "opened",
    )  # fmt: skip
    rows = await all_marked(database, 2)
    assert {row.recipient for row in rows} == {"first", "second"}
    assert all(row.attempts == 1 and row.sent_at == clock.now() for row in rows)


async def test_a_new_notification_does_not_wait_for_the_next_poll(
    database: Database, clock: HandClock, work: Callable[..., object]
) -> None:
    phone = Phone("phone")
    work(phone, poll=3600)
    await asyncio.sleep(0.2)
    await in_danger(database, clock)
    await until(lambda: bool(phone.pages), seconds=2)


async def test_a_raised_level_is_told_and_once_each(
    database: Database, clock: HandClock, work: Callable[..., object]
) -> None:
    phone = Phone("phone")
    work(phone)
    conversation = await in_danger(database, clock)
    await until(lambda: len(phone.pages) == 1)
    for risk in (CRISIS, EMERGENCY, CRISIS, EMERGENCY):
        async with database.transaction() as session:
            await handoff.open(session, conversation, uuid4(), risk, clock.now())
    await until(lambda: len(phone.pages) == 2)
    await asyncio.sleep(0.1)
    assert [(page.level, page.reason) for page in phone.pages] == [
        (Level.CRISIS, "opened"),
        (Level.EMERGENCY, "raised"),
    ]
    assert len(set(phone.keys)) == 2


async def test_a_failed_send_is_tried_again_later_with_the_same_key(
    database: Database, clock: HandClock, work: Callable[..., object]
) -> None:
    phone = Phone("phone", failures=2)
    work(phone)
    await in_danger(database, clock)
    await until(lambda: phone.attempts == 1)
    await asyncio.sleep(0.1)
    assert phone.attempts == 1, "it waits"
    clock.advance(seconds=2)
    await until(lambda: phone.attempts == 2)
    await asyncio.sleep(0.1)
    clock.advance(seconds=4)
    await until(lambda: len(phone.pages) == 1)
    [row] = await all_marked(database, 1)
    assert row.attempts == 3


async def test_an_error_is_stored_as_its_class_alone(
    database: Database, clock: HandClock, work: Callable[..., object]
) -> None:
    work(Phone("phone", failures=100))
    await in_danger(database, clock)
    async with asyncio.timeout(5):
        while [row.last_error for row in await dispatches(database)] != ["ConnectionRefusedError"]:
            await asyncio.sleep(0.02)


def test_the_waits_grow_to_a_minute_and_never_end() -> None:
    waits = [wait_after(attempts).total_seconds() for attempts in (1, 2, 3, 4, 5, 6, 1000)]
    assert waits == [2, 4, 8, 16, 32, 60, 60]


async def test_r35_a_hanging_recipient_delays_nobody(
    database: Database, clock: HandClock, work: Callable[..., object]
) -> None:
    stuck, fine = Phone("stuck", hangs=True), Phone("fine")
    work(stuck, fine)
    for _ in range(3 * outbox.CONCURRENT):
        await in_danger(database, clock)
    await until(lambda: len(fine.pages) == 3 * outbox.CONCURRENT)
    assert stuck.attempts == outbox.CONCURRENT
    assert stuck.pages == []


async def test_r35_many_workers_send_each_page_once(
    database: Database,
    database_url: str,
    clock: HandClock,
    work: Callable[..., object],
    make_database: Callable[[str], Database],
) -> None:
    for _ in range(40):
        await in_danger(database, clock)
    phones = [Phone("same") for _ in range(3)]
    for phone in phones:
        work(phone, on=make_database(database_url))
    await until(lambda: sum(len(phone.pages) for phone in phones) >= 40, seconds=15)
    await all_marked(database, 40)
    keys = [key for phone in phones for key in phone.keys]
    assert len(keys) == len(set(keys)) == 40


async def test_one_recipient_failing_does_not_page_the_other_again(
    database: Database, clock: HandClock, work: Callable[..., object]
) -> None:
    broken, fine = Phone("broken", failures=3), Phone("fine")
    work(broken, fine)
    await in_danger(database, clock)
    for wanted in (1, 2, 3, 4):
        await until(lambda wanted=wanted: broken.attempts == wanted)  # type: ignore[misc]
        await asyncio.sleep(0.05)
        clock.advance(minutes=1)
    await until(lambda: len(broken.pages) == 1)
    assert len(fine.pages) == 1


async def test_a_closed_handoff_is_not_told_any_more(
    database: Database, ring: KeyRing, clock: HandClock, work: Callable[..., object]
) -> None:
    conversation, staff = await in_danger(database, clock), uuid4()
    async with database.transaction() as session:
        session.add(
            StaffMember(
                id=staff, login="a", name="A", role="nurse", password_hash="x", created_at=clock.now()
            )
        )
        await session.flush()
        row = await handoff.current(session, conversation)
        assert row is not None
        await handoff.close(session, ring, row.id, staff, clock.now())
    phone = Phone("phone")
    work(phone)
    await asyncio.sleep(0.2)
    assert phone.attempts == 0


async def test_somebody_configured_later_hears_of_those_in_danger_now(
    database: Database, clock: HandClock, work: Callable[..., asyncio.Task[None]]
) -> None:
    old, new = Phone("old"), Phone("new")
    first = work(old)
    await in_danger(database, clock)
    await until(lambda: bool(old.pages))
    await all_marked(database, 1)
    first.cancel()
    await asyncio.wait({first})
    work(old, new)
    await until(lambda: bool(new.pages))
    assert len(old.pages) == 1


async def test_a_dead_workers_lease_runs_out(
    database: Database,
    clock: HandClock,
    work: Callable[..., asyncio.Task[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leasing, "FINISH_SECONDS", 0)
    stuck, fine = Phone("same", hangs=True), Phone("same")
    dying = work(stuck)
    await in_danger(database, clock)
    await until(lambda: stuck.attempts == 1)
    dying.cancel()
    await asyncio.wait({dying})
    work(fine)
    await asyncio.sleep(0.1)
    assert fine.pages == [], "the lease holds"
    clock.advance(seconds=LEASE.total_seconds())
    await until(lambda: len(fine.pages) == 1)


async def test_stopping_lets_a_send_finish(
    database: Database, clock: HandClock, work: Callable[..., asyncio.Task[None]]
) -> None:
    class Slow(Phone):
        async def send(self, page: Page) -> None:
            self.attempts += 1
            await asyncio.sleep(0.3)
            self.pages.append(page)

    slow = Slow("slow")
    worker = work(slow)
    await in_danger(database, clock)
    await until(lambda: slow.attempts == 1)
    worker.cancel()
    await asyncio.wait({worker})
    assert len(slow.pages) == 1
    assert [row.state for row in await dispatches(database)] == [SendState.SENT]


async def test_a_database_that_is_away_for_a_while_costs_no_page(
    sqlite_database: Database, clock: HandClock
) -> None:
    phone = Phone("phone")
    worker = asyncio.create_task(Worker(sqlite_database, Staff(phone), clock, poll_seconds=0.02).run())
    other = sqlite3.connect(
        str(sqlite_database.file), isolation_level=None, check_same_thread=False, timeout=5
    )
    with contextlib.closing(other):
        await in_danger(sqlite_database, clock)
        await asyncio.to_thread(other.execute, "BEGIN EXCLUSIVE")
        await asyncio.sleep(1)
        other.execute("ROLLBACK")
    await all_marked(sqlite_database, 1)
    assert len(set(phone.keys)) == 1
    worker.cancel()
    await asyncio.wait({worker})


async def test_a_send_that_cannot_be_marked_is_reported_and_the_line_goes_on(
    sqlite_database: Database,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(leasing, "MARK_WAIT_SECONDS", 0)
    assert sqlite_database.file is not None
    file, away = sqlite_database.file, sqlite_database.file.with_suffix(".away")

    class Thief(Phone):
        async def send(self, page: Page) -> None:
            await super().send(page)
            if len(self.pages) == 1:
                file.rename(away)

    phone = Thief("phone")
    worker = asyncio.create_task(Worker(sqlite_database, Staff(phone), clock, poll_seconds=0.02).run())
    await in_danger(sqlite_database, clock)
    await until(lambda: "not marked: StorageError" in caplog.text)
    away.rename(file)
    clock.advance(seconds=LEASE.total_seconds())
    await all_marked(sqlite_database, 1)
    worker.cancel()
    await asyncio.wait({worker})
    assert len(phone.keys) == 2
    assert len(set(phone.keys)) == 1


async def test_it_can_be_stopped_at_any_moment(sqlite_database: Database, clock: HandClock) -> None:
    for _ in range(100):
        worker = asyncio.create_task(Worker(sqlite_database, Staff(Phone("p")), clock, poll_seconds=0).run())
        await asyncio.sleep(random.uniform(0, 0.02))  # noqa: S311 - any moment will do
        worker.cancel()
        done, _ = await asyncio.wait({worker}, timeout=2)
        assert done
    assert await dispatches(sqlite_database) == []


DYING_WORKER = textwrap.dedent("""
    import asyncio, os, signal, sys
    from bot.clock import SystemClock
    from bot.outbox import Worker
    from bot.transcripts.database import Database, StorageError
    from bot.transcripts.encryption import KeyRing

    class Pager:
        name = "pager"
        @property
        def recipients(self):
            return [self]
        contacts = []
        async def send(self, page):
            with open(sys.argv[3], "a") as sent:
                sent.write(page.idempotency_key + "\\n")
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(Worker(Database(sys.argv[1], KeyRing([sys.argv[2]])), Pager(), SystemClock()).run())
""")


async def test_killed_between_send_and_mark_it_is_sent_again_with_the_same_key(
    database_url: str, tmp_path: Path, clock: HandClock, make_database: Callable[..., Database]
) -> None:
    key = make_key()
    database = make_database(database_url, KeyRing([key]))
    await database.migrate()
    await in_danger(database, clock)
    sent = tmp_path / "sent"
    await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", DYING_WORKER, database_url, key, str(sent)], timeout=30
    )
    [row] = await dispatches(database)
    assert row.state is SendState.PENDING
    assert row.lease_until is not None
    phone = Phone("pager")
    later = HandClock(row.lease_until + timedelta(seconds=1))
    worker = asyncio.create_task(Worker(database, Staff(phone), later, poll_seconds=0.02).run())
    await until(lambda: bool(phone.pages))
    worker.cancel()
    await asyncio.wait({worker})
    assert sent.read_text().split() == phone.keys
