"""The queue is watched whoever changes it, and what is told of it are ids, levels and clocks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from bot.cases import work
from bot.live import LISTENERS, Changes
from bot.review.watching import Watch
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Handoff, Outcome
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import EMERGENCY, add_member, write

SESSION = uuid4()


@pytest.fixture
def changes() -> Changes:
    return Changes()


@pytest.fixture
async def watch(database: Database, changes: Changes, clock: HandClock) -> AsyncIterator[Watch]:
    made = Watch(database, changes, clock)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()


async def told(watch: Watch, changes: Changes) -> dict[str, Any]:
    """What listeners are told next."""
    with changes.listening(SESSION) as listener:
        async with asyncio.timeout(3):
            await listener.wake.wait()
    state: dict[str, Any] = json.loads(watch.latest or "{}")
    return state


async def case_of(database: Database, conversation: UUID) -> UUID:
    async with database.reading() as session:
        found = await session.scalar(select(Handoff.id).where(Handoff.conversation_id == conversation))
    assert found is not None
    return found


async def test_a_commit_of_this_process_is_told(
    database: Database, ring: KeyRing, clock: HandClock, watch: Watch, changes: Changes
) -> None:
    await watch.look()
    listening = asyncio.create_task(told(watch, changes))
    await asyncio.sleep(0)
    said = await write(database, ring, clock.now(), "quartz", EMERGENCY)
    state = await listening
    [line] = state["cases"]
    assert (state["open"], state["waiting"], line["level"], line["waits"]) == (1, 1, "EMERGENCY", True)
    assert line["id"] == str(await case_of(database, said.conversation))
    assert "quartz" not in (watch.latest or "")
    assert str(said.conversation) not in (watch.latest or "")


async def test_a_commit_of_another_process_is_told(
    database: Database,
    database_url: str,
    ring: KeyRing,
    clock: HandClock,
    watch: Watch,
    changes: Changes,
    make_database: Callable[..., Database],
) -> None:
    await watch.look()
    listening = asyncio.create_task(told(watch, changes))
    await write(make_database(database_url), ring, clock.now())
    assert (await listening)["waiting"] == 1


async def test_every_kind_of_change_is_told(
    database: Database, ring: KeyRing, clock: HandClock, changes: Changes
) -> None:
    watch = Watch(database, changes, clock)
    ada = (await add_member(database, ring, clock.now())).id
    said = await write(database, ring, clock.now())
    case = await case_of(database, said.conversation)
    await watch.look()

    async def differs() -> bool:
        with changes.listening(SESSION) as listener:
            await watch.look()
            return listener.wake.is_set()

    async def take() -> None:
        async with database.transaction() as session:
            await work.take(session, ring, case, ada, clock.now())

    async def note() -> None:
        async with database.transaction() as session:
            await work.note(session, ring, case, ada, clock.now(), "called")

    async def lapse() -> None:
        clock.advance(minutes=11)

    async def close() -> None:
        async with database.transaction() as session:
            await work.close(session, ring, case, ada, clock.now(), Outcome.REACHED)

    async def write_again() -> None:
        await write(database, ring, clock.now(), conversation=said.conversation)

    assert not await differs()
    for change in (write_again, take, note, lapse, close, write_again):
        await change()
        assert await differs(), change.__name__
        assert not await differs()


def knows(watch: Watch) -> bool:
    return watch.latest is not None


async def test_a_database_that_is_away_is_told_and_so_is_its_return(
    sqlite_database: Database, clock: HandClock, changes: Changes
) -> None:
    watch = Watch(sqlite_database, changes, clock)
    await watch.look_or_forget()
    assert knows(watch)
    file = sqlite_database.file
    assert file is not None
    away = file.rename(file.with_suffix(".away"))
    with changes.listening(SESSION) as listener:
        await watch.look_or_forget()
        assert listener.wake.is_set()
    assert not knows(watch)
    away.rename(file)
    await watch.look_or_forget()
    assert knows(watch)


def test_the_oldest_of_too_many_pages_is_sent_away() -> None:
    changes = Changes()
    contexts = [changes.listening(SESSION) for _ in range(LISTENERS + 1)]
    listeners = [context.__enter__() for context in contexts]
    with changes.listening(uuid4()) as other:
        assert [listener.superseded for listener in listeners] == [True] + [False] * LISTENERS
        assert not other.superseded
    for context in contexts:
        context.__exit__(None, None, None)
    assert not changes.heard
