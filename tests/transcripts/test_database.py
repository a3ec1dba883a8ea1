"""The database: durable or an error in time, on SQLite and PostgreSQL, whatever is broken under it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.messages import Channel, Language
from bot.transcripts import conversations, migrating
from bot.transcripts.connecting import BUSY_SECONDS, Target
from bot.transcripts.database import Database, KeyMismatchError, RefusedError, StorageError
from bot.transcripts.encryption import KeyRing, make_key
from bot.transcripts.tables import AuditEntry, Base, Conversation, Handoff, KeyCheck
from tests.fixtures.clock import HandClock

MakeDatabase = Callable[..., Database]


async def write(database: Database, clock: HandClock) -> None:
    """One durable change."""
    async with database.transaction() as session:
        await conversations.open_conversation(session, uuid4(), Channel.WEB, Language.EN, clock.now())


async def count(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(sa.select(sa.func.count()).select_from(Conversation)) or 0


async def fails_in_time(database: Database, clock: HandClock) -> float:
    """How long a write took to fail, in seconds."""
    started = time.monotonic()
    with pytest.raises(StorageError):
        await write(database, clock)
    return time.monotonic() - started


# Migrations


async def test_the_migrations_make_exactly_the_tables(database_url: str, make_database: MakeDatabase) -> None:
    database = make_database(database_url)
    await database.migrate()

    def differences() -> list[object]:
        engine = Target(database_url).migrating()
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            found: list[object] = compare_metadata(context, Base.metadata)
        engine.dispose()
        return found

    assert await asyncio.to_thread(differences) == []


def test_the_newest_migration_is_the_known_one() -> None:
    assert ScriptDirectory(str(migrating.SCRIPTS)).get_heads() == [migrating.HEAD]


async def test_two_processes_may_migrate_at_once(database_url: str, make_database: MakeDatabase) -> None:
    databases = [make_database(database_url) for _ in range(4)]
    await asyncio.gather(*(database.migrate() for database in databases))
    assert await count(databases[0]) == 0


async def test_migrating_again_changes_nothing_and_takes_no_time(
    database: Database, clock: HandClock
) -> None:
    await write(database, clock)
    started = time.monotonic()
    await database.migrate()
    assert time.monotonic() - started < 1
    assert await count(database) == 1


async def test_a_schema_of_a_newer_version_is_not_touched(database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(sa.text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(StorageError, match="NewerSchemaError"):
        await database.migrate()


async def test_the_file_is_private_and_durable_in_every_commit(sqlite_database: Database) -> None:
    fresh = Database(f"sqlite+aiosqlite:///{sqlite_database.file}.new/x.db", KeyRing([make_key()]))
    await fresh.migrate()
    assert fresh.file is not None
    assert fresh.file.stat().st_mode & 0o777 == 0o600
    async with fresh.transaction() as session:
        settings = [
            await session.scalar(sa.text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert settings == ["wal", 2, 1, round(BUSY_SECONDS * 1000)]
    await fresh.close()


# Transactions


async def test_a_block_that_raises_leaves_nothing(database: Database, clock: HandClock) -> None:
    async def interrupted() -> None:
        async with database.transaction() as session:
            await conversations.open_conversation(session, uuid4(), Channel.WEB, None, clock.now())
            raise LookupError

    with pytest.raises(LookupError):
        await interrupted()
    assert await count(database) == 0


async def test_values_at_fault_are_told_from_a_database_that_is_away(
    database: Database, clock: HandClock
) -> None:
    row = {"id": uuid4(), "channel": Channel.WEB, "created_at": clock.now()}

    async def add() -> None:
        async with database.transaction() as session:
            session.add(Conversation(**row))

    await add()
    with pytest.raises(RefusedError):
        await add()


async def test_a_naive_time_is_refused(database: Database, clock: HandClock) -> None:
    async def add() -> None:
        async with database.transaction() as session:
            session.add(
                Conversation(id=uuid4(), channel=Channel.WEB, created_at=clock.now().replace(tzinfo=None))
            )

    with pytest.raises(StorageError):
        await add()


async def test_many_writers_at_once_all_commit(database: Database, clock: HandClock) -> None:
    await asyncio.gather(*(write(database, clock) for _ in range(30)))
    assert await count(database) == 30


async def test_a_long_read_sees_one_moment_and_keeps_no_writer_waiting(
    database: Database, clock: HandClock
) -> None:
    total = sa.select(sa.func.count()).select_from(Conversation)
    async with database.reading() as session:
        before = await session.scalar(total)
        started = time.monotonic()
        await write(database, clock)
        assert time.monotonic() - started < 0.4
        assert await session.scalar(total) == before
    assert await count(database) == 1


async def test_a_reading_session_cannot_write(database: Database, clock: HandClock) -> None:
    async def add() -> None:
        async with database.reading() as session:
            await conversations.open_conversation(session, uuid4(), Channel.WEB, None, clock.now())

    with pytest.raises(StorageError):
        await add()
    await write(database, clock)


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 3, 5, 8, 13])
async def test_a_cancelled_task_leaves_no_connection_stuck(
    database: Database, clock: HandClock, milliseconds: int
) -> None:
    async def busy() -> None:
        async with database.transaction() as session:
            for _ in range(100):
                await conversations.open_conversation(session, uuid4(), Channel.WEB, None, clock.now())

    await write(database, clock)
    task = asyncio.create_task(busy())
    await asyncio.sleep(milliseconds / 1000)
    task.cancel()
    await asyncio.wait({task}, timeout=5)
    assert task.done()
    await write(database, clock)
    assert await count(database) in (2, 102)


async def test_a_database_stays_with_its_event_loop(sqlite_database: Database, clock: HandClock) -> None:
    await write(sqlite_database, clock)
    with pytest.raises(StorageError, match="event loop"):
        await asyncio.to_thread(lambda: asyncio.run(write(sqlite_database, clock)))


async def test_the_audit_log_is_append_only(database: Database, clock: HandClock) -> None:
    async with database.transaction() as session:
        session.add(AuditEntry(at=clock.now(), action="read", previous_mac="0" * 64, mac="1" * 64))
    for statement in ("UPDATE audit_entry SET action = 'none'", "DELETE FROM audit_entry"):
        with pytest.raises(StorageError):
            await execute(database, statement)
    async with database.reading() as session:
        assert await session.scalar(sa.select(AuditEntry.action)) == "read"


async def execute(database: Database, statement: str) -> None:
    async with database.transaction() as session:
        await session.execute(sa.text(statement))


# Keys


async def test_a_key_that_does_not_fit_is_found(
    database: Database, database_url: str, ring: KeyRing, make_database: MakeDatabase
) -> None:
    await database.check_key()
    await database.check_key()
    with pytest.raises(KeyMismatchError):
        await make_database(database_url, KeyRing([make_key()])).check_key()


async def test_r20_after_a_rotation_both_keys_are_needed(
    database_url: str, database: Database, make_database: MakeDatabase
) -> None:
    old, new = make_key(), make_key()
    await make_database(database_url, KeyRing([old])).check_key()
    await make_database(database_url, KeyRing([new, old])).check_key()
    for too_few in ([new], [old]):
        with pytest.raises(KeyMismatchError):
            await make_database(database_url, KeyRing(too_few)).check_key()
    async with database.reading() as session:
        assert len((await session.scalars(sa.select(KeyCheck))).all()) == 2


# Faults


@contextlib.contextmanager
def held(file: Path) -> Iterator[None]:
    """Another process's lock on a SQLite file."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


def file_of(database: Database) -> Path:
    assert database.file is not None
    return database.file


async def test_locked_by_another_it_fails_in_half_a_second_and_recovers(
    sqlite_database: Database, clock: HandClock
) -> None:
    await write(sqlite_database, clock)
    with held(file_of(sqlite_database)):
        assert await fails_in_time(sqlite_database, clock) < 0.5
    await write(sqlite_database, clock)
    assert await count(sqlite_database) == 2


async def test_locked_rows_on_a_server_fail_in_half_a_second(
    postgresql_database: Database, postgresql_url: str, clock: HandClock, make_database: MakeDatabase
) -> None:
    await write(postgresql_database, clock)
    other = make_database(postgresql_url)
    async with other.transaction() as session:
        await session.execute(sa.text("LOCK TABLE conversation IN ACCESS EXCLUSIVE MODE"))
        assert await fails_in_time(postgresql_database, clock) < 0.6
    await write(postgresql_database, clock)


@pytest.fixture
async def full(sqlite_database: Database, clock: HandClock) -> AsyncIterator[Database]:
    """A database that may not grow: the limit on a file's size stands in for a disk without room."""
    await write(sqlite_database, clock)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = file_of(sqlite_database).with_suffix(".db-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size + 512, before[1]))
    yield sqlite_database
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_full_it_fails_and_loses_nothing_that_it_had(full: Database, clock: HandClock) -> None:
    assert await fails_in_time(full, clock) < 0.5
    assert await count(full) == 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await write(full, clock)
    assert await count(full) == 2


async def test_at_its_page_limit_it_fails(sqlite_database: Database, clock: HandClock) -> None:
    await write(sqlite_database, clock)

    async def grow() -> None:
        async with sqlite_database.transaction() as session:
            pages = await session.scalar(sa.text("PRAGMA page_count"))
            await session.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
            for _ in range(2000):
                await conversations.open_conversation(session, uuid4(), Channel.WEB, None, clock.now())

    with pytest.raises(StorageError):
        await grow()
    assert await count(sqlite_database) == 1


@contextlib.contextmanager
def unprivileged() -> Iterator[None]:
    """Root may write anything, so become somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_read_only_it_fails_and_recovers(
    sqlite_migrated: Path, make_database: MakeDatabase, clock: HandClock
) -> None:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "harborline.db"
        shutil.copy(sqlite_migrated, file)
        file.chmod(0o444)
        file.parent.chmod(0o555)
        database = make_database(f"sqlite+aiosqlite:///{file}")
        with unprivileged():
            assert await fails_in_time(database, clock) < 0.5
            with pytest.raises(StorageError):
                await database.migrate()
        file.chmod(0o644)
        file.parent.chmod(0o755)
        await write(database, clock)
        await database.close()


async def test_removed_under_way_it_fails_instead_of_writing_into_nowhere(
    sqlite_database: Database, clock: HandClock
) -> None:
    await write(sqlite_database, clock)
    file_of(sqlite_database).unlink()
    assert await fails_in_time(sqlite_database, clock) < 0.5
    assert not file_of(sqlite_database).exists(), "an empty one must not take its place"


async def test_removed_within_a_transaction_it_fails(sqlite_database: Database, clock: HandClock) -> None:
    async def remove_meanwhile() -> None:
        async with sqlite_database.transaction() as session:
            await conversations.open_conversation(session, uuid4(), Channel.WEB, None, clock.now())
            file_of(sqlite_database).unlink()

    with pytest.raises(StorageError):
        await remove_meanwhile()


async def test_replaced_within_a_transaction_it_fails_though_others_go_on(
    sqlite_database: Database, sqlite_migrated: Path, clock: HandClock, tmp_path: Path
) -> None:
    file, copy = file_of(sqlite_database), tmp_path / "copy.db"
    shutil.copy(sqlite_migrated, copy)

    async def replace_meanwhile() -> None:
        async with sqlite_database.transaction() as session:
            await conversations.open_conversation(session, uuid4(), Channel.WEB, None, clock.now())
            for suffix in ("-wal", "-shm"):
                Path(f"{file}{suffix}").unlink()
            os.replace(copy, file)
            await write(sqlite_database, clock)

    with pytest.raises(StorageError):
        await replace_meanwhile()
    assert await count(sqlite_database) == 1


async def test_replaced_by_a_backup_it_goes_on_with_that(
    sqlite_database: Database, clock: HandClock, tmp_path: Path
) -> None:
    await write(sqlite_database, clock)
    backup, file = tmp_path / "backup.db", file_of(sqlite_database)
    with contextlib.closing(sqlite3.connect(file)) as live, contextlib.closing(sqlite3.connect(backup)) as to:
        live.backup(to)
    await write(sqlite_database, clock)
    for suffix in ("-wal", "-shm"):
        Path(f"{file}{suffix}").unlink()
    os.replace(backup, file)
    await write(sqlite_database, clock)
    assert await count(sqlite_database) == 2


async def test_overwritten_with_something_else_it_fails(sqlite_url: str, make_database: MakeDatabase) -> None:
    database = make_database(sqlite_url)
    file_of(database).write_bytes(b"this is no database, " * 1000)
    with pytest.raises(StorageError):
        await database.migrate()
    with pytest.raises(StorageError):
        await database.check_key()


async def test_without_a_schema_it_fails(database_url: str, make_database: MakeDatabase) -> None:
    with pytest.raises(StorageError):
        await make_database(database_url).check_key()


async def test_a_server_that_is_not_there_fails_in_time(
    make_database: MakeDatabase, clock: HandClock
) -> None:
    database = make_database("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    assert await fails_in_time(database, clock) < 1
    with pytest.raises(StorageError):
        await database.migrate()


async def test_connections_that_the_server_cut_are_replaced(
    postgresql_database: Database, clock: HandClock
) -> None:
    await write(postgresql_database, clock)
    await execute(
        postgresql_database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )

    async def cut() -> None:
        async with postgresql_database.transaction() as session:
            await session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StorageError):
        await cut()
    await write(postgresql_database, clock)
    assert await count(postgresql_database) == 2


async def test_migrating_again_leaves_the_locks_of_this_process(
    sqlite_database: Database, sqlite_url: str, clock: HandClock
) -> None:
    """Another process that looks in and leaves must not take the write-ahead log for its own to delete."""
    query = "SELECT count(*) FROM conversation"
    look_in = f"import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('{query}').fetchone()[0])"
    file = sqlite_url.removeprefix("sqlite+aiosqlite:///")
    seen = []
    for _ in range(3):
        await write(sqlite_database, clock)
        await sqlite_database.migrate()
        seen.append(
            int(await asyncio.to_thread(subprocess.check_output, [sys.executable, "-c", look_in, file]))
        )
    assert seen == [1, 2, 3]


async def test_a_database_of_the_first_schema_is_brought_up_to_date(
    database_url: str, make_database: MakeDatabase
) -> None:
    at, conversation, opened = "2026-03-02 12:00:00", uuid4(), uuid4()

    def first() -> None:
        from alembic import command
        from alembic.config import Config

        target = Target(database_url)
        if target.file is not None:
            target.file.touch()
        engine = target.migrating()
        with engine.begin() as connection:
            config = Config()
            config.set_main_option("script_location", str(migrating.SCRIPTS))
            config.attributes["connection"] = connection
            command.upgrade(config, "0001")
            values = {"c": conversation.hex, "h": opened.hex, "n": uuid4().hex, "at": at}
            for statement in (
                "INSERT INTO conversation (id, channel, level, turns, created_at)"
                " VALUES (:c, 'web', 2, 1, :at)",
                "INSERT INTO handoff"
                " (id, conversation_id, level, experiencer, reason, count, last_turn, opened_at)"
                " VALUES (:h, :c, 2, 'self', 'risk', 1, :n, :at)",
                "INSERT INTO notification (id, handoff_id, reason, level, idempotency_key, created_at)"
                " VALUES (:n, :h, 'opened', 2, 'k', :at)",
            ):
                connection.execute(sa.text(statement), values)
        engine.dispose()

    await asyncio.to_thread(first)
    database = make_database(database_url)
    await database.migrate()
    async with database.reading() as session:
        [row] = (await session.scalars(sa.select(Handoff))).all()
        assert (row.id, row.waiting_since, row.held_until) == (opened, row.opened_at, None)
