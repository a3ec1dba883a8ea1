"""The database: one transaction at a time that either commits durably or raises `StorageError`."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.transcripts import connecting, migrating
from bot.transcripts.connecting import Inode
from bot.transcripts.encryption import DecryptionError, KeyRing
from bot.transcripts.tables import KeyCheck

log = logging.getLogger(__name__)

T = TypeVar("T")

CANARY: Final = "harborline"
WAKES_OUTBOX: Final = "wakes outbox"
"""Key in `AsyncSession.info` of a transaction that wrote a notification."""
WAKES_TEXTS: Final = "wakes texts"
"""The same of one that queued a text."""


AWAY: Final = (SQLAlchemyError, sqlite3.Error, OSError)
"""What the layers below raise; SQLite's own errors come through while a connection is being set up."""


class StorageError(Exception):
    """The database is away, locked, full, read-only or gone; nothing of the transaction counts."""


class RefusedError(StorageError):
    """The database works and refused these values: a key that exists already, or one that does not."""


class KeyMismatchError(Exception):
    """The database was written with a key that the ring does not hold."""


async def unbroken(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which goes on to its end when the caller is cancelled; only then is the caller.

    A cancellation in the middle of a transaction can be swallowed by what cleans up after it, so a task
    that others cancel does its database work through this.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


class Database:
    """Connections to one database, for one event loop.

    Args:
        url: `sqlite+aiosqlite:///FILE` or `postgresql+psycopg://…`.
        ring: Checked against the database by `check_key`.
    """

    def __init__(self, url: str, ring: KeyRing) -> None:
        self._target = connecting.Target(url)
        self._ring = ring
        self._writing: AsyncEngine | None = None
        self._reading: AsyncEngine | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._inode: Inode | None = None
        self.outbox_changed = asyncio.Event()
        """Set after a commit that wrote a notification."""
        self.texts_changed = asyncio.Event()
        """Set after a commit that queued a text, or let one go."""
        self.on_commit: list[Callable[[], None]] = []
        """Called after every commit; they must neither wait nor raise."""

    @property
    def file(self) -> Path | None:
        """Where SQLite keeps it; None on a server."""
        return self._target.file

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """A session whose work is committed, fsynced, when the block ends, or rolled back when it raises.

        Raises:
            StorageError: Nothing is certain to be stored. `RefusedError` when the values were at fault.
        """
        inode = await self._open()
        async with self._translated(), AsyncSession(self._writing, expire_on_commit=False) as session:
            async with session.begin():
                yield session
            # Writing to a file that was unlinked succeeds; what was committed there is lost.
            if self._target.inode() != inode:
                raise StorageError("the database file was removed or replaced during the transaction")
        if session.info.get(WAKES_OUTBOX):
            self.outbox_changed.set()
        if session.info.get(WAKES_TEXTS):
            self.texts_changed.set()
        for signal in self.on_commit:
            signal()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session on an unchanging snapshot that blocks no writer and cannot write; for long reads.

        Raises:
            StorageError: The database cannot be read.
        """
        await self._open()
        async with self._translated(), AsyncSession(self._reading) as session, session.begin():
            yield session

    async def migrate(self) -> None:
        """Bring the schema up to date, making the database file when there is none.

        Any number of processes may do so at once.

        Raises:
            StorageError: It cannot be reached or changed, or was made by a newer version.
        """
        try:
            await asyncio.to_thread(migrating.migrate, self._target)
        except (*AWAY, migrating.NewerSchemaError) as error:
            raise StorageError(f"migration failed: {type(error).__name__}") from error

    async def wipe(self) -> bool:
        """Let nothing of what was deleted lie about in the database's files.

        SQLite overwrites deleted rows by itself (`secure_delete`), so what is left is its write-ahead log;
        a server is told to reuse the space.

        Returns:
            False when somebody still reads what was deleted, so that the log could not be emptied.

        Raises:
            StorageError: The database is away.
        """
        try:
            return await asyncio.to_thread(connecting.wipe, self._target)
        except AWAY as error:
            raise StorageError(type(error).__name__) from error

    async def check_key(self) -> None:
        """Make sure that the ring reads what the database holds, and leave a mark of the current key.

        Raises:
            KeyMismatchError: It does not.
            StorageError: The database is away.
        """
        async with self.transaction() as session:
            rows = (await session.scalars(select(KeyCheck))).all()
            if not all(self._fits(row) for row in rows):
                raise KeyMismatchError(
                    "the database was written with a key that HARBORLINE_KEYS does not hold"
                )
            if self._ring.current.hex() not in {row.key_id for row in rows}:
                session.add(self._mark())

    async def close(self) -> None:
        """Give every connection back; the next transaction opens new ones."""
        engines = [engine for engine in (self._writing, self._reading) if engine is not None]
        self._writing = self._reading = self._loop = self._inode = None
        for engine in engines:
            await engine.dispose()

    def _fits(self, row: KeyCheck) -> bool:
        try:
            return self._ring.decrypt(row.canary, row.id, field="canary") == CANARY
        except DecryptionError:
            return False

    def _mark(self) -> KeyCheck:
        row = uuid4()
        return KeyCheck(
            id=row,
            key_id=self._ring.current.hex(),
            canary=self._ring.encrypt(CANARY, row, field="canary"),
        )

    async def _open(self) -> Inode | None:
        """Have engines, connected to the file that is there now; says which it is."""
        loop = asyncio.get_running_loop()
        if self._loop is not None and self._loop is not loop:
            raise StorageError("a Database belongs to the event loop that first used it")
        inode = self._target.inode()
        if self._writing is not None and inode != self._inode:
            log.error("the database file was removed or replaced under us")
            await self.close()
        if self._target.sqlite and inode is None:
            raise StorageError("there is no database file")
        if self._writing is None:
            self._loop, self._inode = loop, inode
            self._writing, self._reading = self._target.writing(), self._target.reading()
        return inode

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        try:
            yield
        except (IntegrityError, DataError) as error:
            raise RefusedError(type(error).__name__) from error
        except AWAY as error:
            raise StorageError(type(error).__name__) from error
