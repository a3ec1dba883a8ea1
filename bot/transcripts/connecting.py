"""How each kind of database is connected to: durability, waiting, isolation."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

BUSY_SECONDS: Final = 0.4
"""How long a statement waits for another's lock; a message is accepted elsewhere after 0.5 s."""
MIGRATION_BUSY_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 2
"""libpq counts in whole seconds and takes 1 for 2."""
IDLE_SECONDS: Final = 60
READERS: Final = 4
SERVER_CONNECTIONS: Final = 10


Inode = tuple[int, int]
"""A file on this machine, whatever it is called: device and number."""


class Target:
    """Where the database is, and engines for it.

    SQLite is written through one connection, so that writers in this process queue fairly instead of
    polling for the file's lock; a second engine reads snapshots beside it.
    """

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.sqlite = self._url.get_backend_name() == "sqlite"
        self.file = Path(self._url.database or "").absolute() if self.sqlite else None

    def inode(self) -> Inode | None:
        """Which file is at the path now; None when there is none, or on a server."""
        if self.file is None:
            return None
        try:
            status = self.file.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def writing(self) -> AsyncEngine:
        """The engine for transactions that change something."""
        if not self.sqlite:
            return self._server(READ_WRITE)
        engine = create_async_engine(
            self._file_url("rw"),
            connect_args={"timeout": BUSY_SECONDS},
            pool_size=1,
            max_overflow=0,
            pool_timeout=BUSY_SECONDS,
        )
        _begin_with(engine.sync_engine, "BEGIN IMMEDIATE", "PRAGMA secure_delete = ON")
        return engine

    def reading(self) -> AsyncEngine:
        """The engine for snapshots."""
        if not self.sqlite:
            return self._server(READ_ONLY)
        engine = create_async_engine(
            self._file_url("rw"),
            connect_args={"timeout": BUSY_SECONDS},
            pool_size=READERS,
            max_overflow=0,
            pool_timeout=BUSY_SECONDS,
        )
        _begin_with(engine.sync_engine, "BEGIN", "PRAGMA query_only = ON")
        return engine

    def migrating(self) -> Engine:
        """A blocking engine without a pool, for the thread that migrates; makes the file."""
        if not self.sqlite:
            return create_engine(self._url, poolclass=NullPool, connect_args=_server_arguments())
        url = self._file_url("rwc").set(drivername="sqlite")
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": MIGRATION_BUSY_SECONDS})
        _begin_with(engine, "BEGIN IMMEDIATE")
        return engine

    def _file_url(self, mode: str) -> URL:
        # Without a mode, SQLite would make an empty database where one was removed.
        return self._url.set(database=f"file:{quote(str(self.file))}", query={"mode": mode, "uri": "true"})

    def _server(self, options: dict[str, Any]) -> AsyncEngine:
        return create_async_engine(
            self._url,
            connect_args=_server_arguments(),
            pool_size=SERVER_CONNECTIONS,
            max_overflow=0,
            pool_timeout=BUSY_SECONDS,
            pool_pre_ping=True,
            **options,
        )


def wipe(target: Target) -> bool:
    """Empty SQLite's write-ahead log, or give a server's dead rows free; False when it could not be emptied.

    Blocks: for a thread.

    Raises:
        SQLAlchemyError, OSError: The database cannot be reached.
    """
    engine = target.migrating()
    try:
        if not target.sqlite:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM")
            return True
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        finally:
            raw.close()
    finally:
        engine.dispose()


READ_WRITE: Final[dict[str, Any]] = {"isolation_level": "READ COMMITTED"}
READ_ONLY: Final[dict[str, Any]] = {
    "isolation_level": "REPEATABLE READ",
    "execution_options": {"postgresql_readonly": True},
}


def _server_arguments() -> dict[str, Any]:
    # The idle limit frees the locks of a transaction whose owner never came back.
    milliseconds = {
        "lock_timeout": round(BUSY_SECONDS * 1000),
        "idle_in_transaction_session_timeout": IDLE_SECONDS * 1000,
    }
    options = " ".join(f"-c {name}={value}" for name, value in milliseconds.items())
    return {"connect_timeout": CONNECT_SECONDS, "options": options}


def _begin_with(engine: Engine, begin: str, *pragmas: str) -> None:
    """Take the transactions of SQLite into our own hands: the driver would begin them too late."""

    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", *pragmas):
            cursor.execute(pragma)
        cursor.close()

    def drop(connection: Any, _record: Any, _error: BaseException | None) -> None:
        # A task was cancelled within a transaction. Closing alone keeps the file locked for as long as
        # some traceback holds one of the connection's cursors.
        with contextlib.suppress(Exception):
            connection.rollback()

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    event.listen(engine, "invalidate", drop)
