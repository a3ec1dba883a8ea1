"""The spool: where turns are durable while the database is away.

One append-only file for each run of the process, locked while it lives; each line is base64 of an
encrypted entry, bound to its file and line. A file whose entries have all reached the database is
removed; one that holds something unreadable is kept beside the others with the suffix `.aside`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import errno
import fcntl
import json
import logging
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID, uuid4, uuid5

from bot.messages import Level
from bot.transcripts.encryption import DecryptionError, KeyRing
from bot.transcripts.entries import (
    AcceptedEntry,
    CallBackEntry,
    Entry,
    RecordedEntry,
    entry_from_json,
    entry_to_json,
)

__all__ = ["AcceptedEntry", "Entry", "RecordedEntry", "Spool", "SpoolError", "SpooledFile"]

log = logging.getLogger(__name__)

T = TypeVar("T")

SUFFIX: Final = ".spool"
ASIDE: Final = ".aside"
EMPTIED: Final = b"-\n"
"""A line whose words were deleted; the lines after it keep their numbers, which they are bound to."""


class SpoolError(Exception):
    """The spool cannot be written or read; the entry is stored nowhere."""


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """The entries of one file in the order they were written; `unreadable` counts the other lines."""

    path: Path
    entries: tuple[Entry, ...]
    unreadable: int


class Spool:
    """Appends entries durably and gives them back. All file work is done in one thread of its own."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._folder = folder
        self._ring = ring
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool")
        self._file: _Writer | None = None
        self._next: tuple[list[Entry], asyncio.Task[None]] | None = None

    async def append(self, entry: Entry) -> None:
        """Store an entry; on return it is on the disk.

        Entries that come while others are being written go together, with one fsync: a thousand people may
        write in the same second.

        Raises:
            SpoolError: It is not stored.
        """
        if self._next is None:
            together: list[Entry] = []
            self._next = together, asyncio.create_task(self._write(together))
        entries, written = self._next
        entries.append(entry)
        await asyncio.shield(written)

    async def _write(self, entries: list[Entry]) -> None:
        try:
            await self._in_thread(lambda: None)  # Until the thread has written what came before.
        finally:
            self._next = None
        await self._in_thread(partial(self._append, entries))

    async def files(self) -> AsyncIterator[SpooledFile]:
        """What waits for the database, oldest file first, without the files of other live processes.

        A file stays locked until the next is asked for; say `settle` when its entries are stored.

        Raises:
            SpoolError: The folder or a file cannot be read.
        """
        await self._in_thread(self._release)
        for path in await self._in_thread(self._waiting):
            lock = await self._in_thread(partial(_lock, path))
            if lock is None:
                continue
            try:
                yield await self._in_thread(partial(self._read, path))
            finally:
                os.close(lock)

    async def settle(self, file: SpooledFile, *, keep: bool = False) -> None:
        """Remove a file whose entries are stored, or put it aside when anything in it was not.

        Raises:
            SpoolError: It can be neither removed nor renamed; it will be replayed again.
        """
        await self._in_thread(partial(self._settle, file, keep=keep or file.unreadable > 0))

    async def forget(self, conversation: UUID, *, everything: bool = False) -> None:
        """Empty the lines of a conversation that were put aside, except what a hand-off may rest on.

        Args:
            everything: Empty also what a hand-off rests on: the hand-off itself is deleted.

        Raises:
            SpoolError: A file cannot be read or written.
        """
        await self._in_thread(partial(self._forget, conversation, everything=everything))

    async def discard(self, before: datetime) -> int:
        """Remove the files that were put aside and are older than a moment; how many.

        Raises:
            SpoolError: One cannot be removed.
        """
        return await self._in_thread(partial(self._discard, before))

    @property
    def waiting(self) -> int:
        """How many files wait for the database, those of live processes included."""
        return len(list(self._folder.glob(f"*{SUFFIX}")))

    async def close(self) -> None:
        """Let go of the file, so that another process may replay it."""
        with contextlib.suppress(SpoolError):  # Closed already.
            await self._in_thread(self._release)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            running = asyncio.get_running_loop().run_in_executor(self._thread, work)
            # Shielded: what has begun to be written is finished even when nobody waits for it any more.
            return await asyncio.shield(running)
        except OSError as error:
            raise SpoolError(
                f"spool: {errno.errorcode.get(error.errno or 0, type(error).__name__)}"
            ) from error
        except RuntimeError as error:
            raise SpoolError("spool: closed") from error

    def _append(self, entries: list[Entry]) -> None:
        if self._file is None:
            self._file = _Writer.create(self._folder, _time_of(entries[0]))
        file = self._file
        lines = [
            self._line(entry, _row(file.id, number)) for number, entry in enumerate(entries, start=file.lines)
        ]
        try:
            file.append(lines)
        except OSError:
            # Nobody can say what of the line is on the disk, so nothing may follow it there.
            self._release()
            raise

    def _line(self, entry: Entry, row: UUID) -> bytes:
        sealed = self._ring.encrypt(json.dumps(entry_to_json(entry)), row, field="entry")
        return base64.b64encode(sealed) + b"\n"

    def _release(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def _waiting(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def _read(self, path: Path) -> SpooledFile:
        file_id = _id_of(path)
        entries = [
            self._entry(line, _row(file_id, number))
            for number, line in enumerate(path.read_bytes().splitlines(keepends=True))
            if line != EMPTIED
        ]
        readable = tuple(entry for entry in entries if entry is not None)
        return SpooledFile(path, readable, unreadable=len(entries) - len(readable))

    def _entry(self, line: bytes, row: UUID) -> Entry | None:
        """The entry in a line; None for one that was torn or damaged, or whose key is gone."""
        if not line.endswith(b"\n"):
            return None
        try:
            sealed = base64.b64decode(line, validate=False)
            return entry_from_json(json.loads(self._ring.decrypt(sealed, row, field="entry")))
        except (binascii.Error, DecryptionError, KeyError, TypeError, ValueError):
            return None

    def _forget(self, conversation: UUID, *, everything: bool) -> None:
        for path in sorted(self._folder.glob(f"*{ASIDE}")):
            lines = path.read_bytes().splitlines(keepends=True)
            read = [self._entry(line, _row(_id_of(path), number)) for number, line in enumerate(lines)]
            left = [
                EMPTIED if _is_forgettable(entry, conversation, everything) else line
                for entry, line in zip(read, lines, strict=True)
            ]
            if left != lines:
                _replace(path, b"".join(left))

    def _discard(self, before: datetime) -> int:
        # Names begin with the time of their first line, and sort by it.
        limit = f"{before.astimezone(UTC):%Y%m%dT%H%M%S%f}"
        old = [path for path in self._folder.glob(f"*{ASIDE}") if path.name < limit]
        for path in old:
            path.unlink(missing_ok=True)
        if old:
            _sync_folder(self._folder)
        return len(old)

    def _settle(self, file: SpooledFile, *, keep: bool) -> None:
        if keep:
            log.error(
                "spool: %d lines of %s unreadable or refused: kept aside", file.unreadable, file.path.name
            )
            file.path.rename(file.path.with_suffix(ASIDE))
        else:
            file.path.unlink(missing_ok=True)
        _sync_folder(self._folder)


@dataclass
class _Writer:
    """The file that this process appends to."""

    path: Path
    id: UUID
    descriptor: int
    lines: int = 0

    @classmethod
    def create(cls, folder: Path, at: datetime) -> _Writer:
        """A new file, locked, its name durable; names sort by time."""
        _make_folder(folder)
        file_id = uuid4()
        path = folder / f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{file_id}{SUFFIX}"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _sync_folder(folder)
        return cls(path, file_id, descriptor)

    def append(self, lines: list[bytes]) -> None:
        """Write lines and wait until they are on the disk: all of them or none."""
        size, block = os.fstat(self.descriptor).st_size, b"".join(lines)
        try:
            if os.write(self.descriptor, block) != len(block):
                raise OSError(errno.ENOSPC, "the line was cut")
            os.fsync(self.descriptor)
        except OSError:
            # It was never promised; a torn rest of it would be taken for damage.
            with contextlib.suppress(OSError):
                os.ftruncate(self.descriptor, size)
            raise
        self.lines += len(lines)

    def close(self) -> None:
        """Give up the file and its lock; one without a whole line holds nothing that was promised."""
        if self.lines == 0:
            self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


def _is_forgettable(entry: Entry | None, conversation: UUID, everything: bool) -> bool:
    if isinstance(entry, AcceptedEntry):
        own = entry.message.conversation == conversation
        return own and (everything or entry.risk.level < Level.CRISIS)
    if isinstance(entry, CallBackEntry):
        return everything and entry.conversation == conversation
    return isinstance(entry, RecordedEntry) and entry.conversation == conversation


def _replace(path: Path, content: bytes) -> None:
    """Put other content in a file's place, durably; its old bytes are let go of."""
    beside = path.with_suffix(".new")
    descriptor = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    beside.rename(path)
    _sync_folder(path.parent)


def _time_of(entry: Entry) -> datetime:
    return entry.message.received_at if isinstance(entry, AcceptedEntry) else entry.at


def _id_of(path: Path) -> UUID:
    return UUID(path.stem.partition("-")[2])


def _row(file: UUID, line: int) -> UUID:
    return uuid5(file, str(line))


def _lock(path: Path) -> int | None:
    """A descriptor that holds the file; None when a live process does, or when it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    if os.fstat(descriptor).st_nlink == 0:
        os.close(descriptor)
        return None
    return descriptor


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
