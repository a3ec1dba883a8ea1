"""Files of the spool on the disk: named by time, locked while their process lives, durable."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

SUFFIX: Final = ".spool"
ASIDE: Final = ".aside"


@dataclass
class Writer:
    """The file that this process appends to."""

    path: Path
    id: UUID
    descriptor: int
    lines: int = 0

    @classmethod
    def create(cls, folder: Path, at: datetime) -> Writer:
        """A new file, locked, its name durable; names sort by time."""
        _make_folder(folder)
        file_id = uuid4()
        path = folder / f"{at.astimezone(UTC):%Y%m%dT%H%M%S%f}-{file_id}{SUFFIX}"
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        sync_folder(folder)
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


def replace(path: Path, content: bytes) -> None:
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
    sync_folder(path.parent)


def id_of(path: Path) -> UUID:
    """The id in a file's name, which its lines are bound to."""
    return UUID(path.stem.partition("-")[2])


def hold(path: Path) -> int | None:
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
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
