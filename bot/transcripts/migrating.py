"""Bringing the schema up to date, in process, safe when several processes start at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from bot.transcripts.connecting import Target

SCRIPTS: Final = Path(__file__).parent / "migrations"
HEAD: Final = "0007"
"""The newest migration; known here so that a start without anything to do need not load Alembic (1 s)."""
ADVISORY_LOCK: Final = 0x48_41_52_42
OTHERS_FINISH: Final = "15s"


class NewerSchemaError(Exception):
    """The database was migrated by a newer version of this program."""


def migrate(target: Target) -> None:
    """Create or upgrade the schema, all of it or nothing.

    Raises:
        SQLAlchemyError, OSError: The database cannot be reached or changed.
        NewerSchemaError: It is ahead of this program.
    """
    if target.file is not None:
        _make_file(target.file)
    engine = target.migrating()
    try:
        if target.sqlite:
            _keep_write_ahead_log(target)
        with engine.begin() as connection:
            if not target.sqlite:
                _wait_for_others(connection)
            if current(connection) != HEAD:
                _upgrade(connection)
    finally:
        engine.dispose()


def _wait_for_others(connection: Connection) -> None:
    """Let whoever migrates already finish: that takes longer than a statement may wait for a lock."""
    short = connection.scalar(text("SHOW lock_timeout"))
    connection.execute(text("SELECT set_config('lock_timeout', :long, true)"), {"long": OTHERS_FINISH})
    connection.execute(text("SELECT pg_advisory_xact_lock(:id)"), {"id": ADVISORY_LOCK})
    connection.execute(text("SELECT set_config('lock_timeout', :short, true)"), {"short": short})


def current(connection: Connection) -> str | None:
    """The migration that the database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return version


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NewerSchemaError(current(connection)) from error


def _make_file(file: Path) -> None:
    """An empty file that only its owner may read; SQLite would use the process's mask.

    One that exists is not opened: closing it again would drop the locks that every SQLite connection of
    this process has on it (POSIX), and another process could then delete the write-ahead log in use.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep_write_ahead_log(target: Target) -> None:
    """Readers and the writer do not wait for each other; the mode stays with the file."""
    engine = target.migrating()
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
        engine.dispose()
