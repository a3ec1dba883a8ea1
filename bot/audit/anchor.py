"""The anchor: the head of the audit log, written down where the database cannot reach.

A chain alone does not tell that its newest entries were cut off; the anchor remembers that they were there.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from bot.messages import Clock
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import AuditEntry

PURPOSE: Final = "audit anchor"


class AnchorError(Exception):
    """The anchor's file cannot be read or written; the message is one line without a remedy."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The head of the log at some moment: the number and the MAC of its newest entry."""

    entry: int
    mac: str
    at: str

    def line(self, key: bytes) -> str:
        """As it is written down, sealed, so that a line cannot be made up."""
        return json.dumps({"entry": self.entry, "mac": self.mac, "at": self.at, "seal": self._seal(key)})

    def _seal(self, key: bytes) -> str:
        return hmac.new(key, f"{self.entry} {self.mac} {self.at}".encode(), hashlib.sha256).hexdigest()

    @classmethod
    def parse(cls, line: str, keys: tuple[bytes, ...]) -> Mark:
        """The reverse of `line`.

        Raises:
            AnchorError: It was not written with any of the keys.
        """
        try:
            stored = json.loads(line)
            mark = cls(int(stored["entry"]), str(stored["mac"]), str(stored["at"]))
            sealed = str(stored["seal"])
        except (ValueError, KeyError, TypeError) as error:
            raise AnchorError("a line is damaged") from error
        if not any(hmac.compare_digest(sealed, mark._seal(key)) for key in keys):
            raise AnchorError("a line was not written by this clinic's key")
        return mark


class Anchor:
    """Appends the log's head to a file, when it has moved."""

    def __init__(self, file: Path, ring: KeyRing) -> None:
        self._file = file
        self._ring = ring

    async def drop(self, database: Database, clock: Clock) -> Mark | None:
        """Write down the head.

        Returns:
            What was written; None when nothing has been logged since the last time.

        Raises:
            StorageError: The database cannot be read.
            AnchorError: The file cannot be read or written.
        """
        async with database.reading() as session:
            newest = select(AuditEntry.id, AuditEntry.mac).order_by(AuditEntry.id.desc()).limit(1)
            head = (await session.execute(newest)).one_or_none()
        if head is None:
            return None
        mark = Mark(head.id, head.mac, clock.now().isoformat(timespec="seconds"))
        marks = self.marks()
        if marks and marks[-1].entry >= mark.entry:
            return None
        self._append(mark.line(self._ring.derive(PURPOSE)))
        return mark

    def marks(self) -> list[Mark]:
        """Everything that was written down, oldest first; empty when there is no file yet.

        Raises:
            AnchorError: The file cannot be read, or holds a line that we did not write.
        """
        keys = self._ring.derive_all(PURPOSE)
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise AnchorError(f"{self._file} cannot be read") from error
        return [Mark.parse(line, keys) for line in lines if line.strip()]

    def _append(self, line: str) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self._file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            try:
                os.write(opened, f"{line}\n".encode())
                os.fsync(opened)
            finally:
                os.close(opened)
        except OSError as error:
            raise AnchorError(f"{self._file} cannot be written") from error
