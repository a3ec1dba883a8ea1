"""The spool: where turns are durable while the database is away.

One append-only file for each run of the process, locked while it lives; each line is base64 of an
encrypted entry, bound to its file and line. A file whose entries have all reached the database is
removed; one that holds something unreadable is kept beside the others with the suffix `.aside`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import Entry
from bot.transcripts.spool_files import ASIDE, SUFFIX, Writer, hold, id_of, replace, sync_folder
from bot.transcripts.spool_lines import EMPTIED, is_forgettable, row_of, seal, time_of, unseal

log = logging.getLogger(__name__)

T = TypeVar("T")


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
        self._file: Writer | None = None
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
            lock = await self._in_thread(partial(hold, path))
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
            self._file = Writer.create(self._folder, time_of(entries[0]))
        file = self._file
        lines = [
            seal(self._ring, entry, row_of(file.id, number))
            for number, entry in enumerate(entries, start=file.lines)
        ]
        try:
            file.append(lines)
        except OSError:
            # Nobody can say what of the line is on the disk, so nothing may follow it there.
            self._release()
            raise

    def _release(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    def _waiting(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{SUFFIX}"))

    def _read(self, path: Path) -> SpooledFile:
        file_id = id_of(path)
        entries = [
            unseal(self._ring, line, row_of(file_id, number))
            for number, line in enumerate(path.read_bytes().splitlines(keepends=True))
            if line != EMPTIED
        ]
        readable = tuple(entry for entry in entries if entry is not None)
        return SpooledFile(path, readable, unreadable=len(entries) - len(readable))

    def _forget(self, conversation: UUID, *, everything: bool) -> None:
        for path in sorted(self._folder.glob(f"*{ASIDE}")):
            lines = path.read_bytes().splitlines(keepends=True)
            read = [
                unseal(self._ring, line, row_of(id_of(path), number)) for number, line in enumerate(lines)
            ]
            left = [
                EMPTIED if is_forgettable(entry, conversation, everything) else line
                for entry, line in zip(read, lines, strict=True)
            ]
            if left != lines:
                replace(path, b"".join(left))

    def _discard(self, before: datetime) -> int:
        # Names begin with the time of their first line, and sort by it.
        limit = f"{before.astimezone(UTC):%Y%m%dT%H%M%S%f}"
        old = [path for path in self._folder.glob(f"*{ASIDE}") if path.name < limit]
        for path in old:
            path.unlink(missing_ok=True)
        if old:
            sync_folder(self._folder)
        return len(old)

    def _settle(self, file: SpooledFile, *, keep: bool) -> None:
        if keep:
            log.error(
                "spool: %d lines of %s unreadable or refused: kept aside", file.unreadable, file.path.name
            )
            file.path.rename(file.path.with_suffix(ASIDE))
        else:
            file.path.unlink(missing_ok=True)
        sync_folder(self._folder)
