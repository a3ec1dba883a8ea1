"""The data in force, and its reload while the server runs.

Every few seconds the files' times and sizes are looked at, which works on every system and in every
container, where a signal would have to be sent by somebody. A change is read once nothing has moved
for one more look, so that a half-saved file, or the second of two files, is not taken for a mistake.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.cards import Cards
from bot.content import Content
from bot.content import load as load_content
from bot.risk import Screener
from bot.text.fault import DataError

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 2.0
YIELD_SECONDS: Final = 0.0002
"""After so long, reading makes way for a turn."""
SERVED: Final = ("responses", "cards", "risk")
"""Folders whose files are in force while the server runs; the others matter to training and to `check`."""

Traces = tuple[tuple[str, int, int, int], ...]
"""Of each file: path, inode, size, and time of its last change in nanoseconds."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One state of the data folder, read and checked whole."""

    content: Content
    cards: Cards
    screener: Screener

    @classmethod
    def load(cls, data: Path, *, require_signed: bool) -> Loaded:
        """Read the folder as at the start of the server.

        Raises:
            DataError: It cannot be used.
        """
        content = load_content(data, require_signed=require_signed)
        return cls(content, Cards(content), Screener.load(data / "risk"))


class LiveData:
    """The data in force, and the watch over its folder.

    Raises:
        DataError: The folder cannot be used as it is now.
    """

    def __init__(self, data: Path, *, require_signed: bool) -> None:
        self._data = data
        self._require_signed = require_signed
        # Before reading: what changes meanwhile is noticed afterwards.
        self._settled = self._seen = traces(data)
        self.current = Loaded.load(data, require_signed=require_signed)
        self.refused = False

    async def watch(self) -> None:
        """Look for changes until cancelled; whatever happens, the next look comes."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except Exception as error:
                log.error("the data folder could not be looked at: %s", type(error).__name__)

    async def look(self) -> None:
        """Take a change that has settled, or refuse it and keep what is in force; off the event loop."""
        before, self._seen = self._seen, await asyncio.to_thread(traces, self._data)
        if self._seen == self._settled or self._seen != before:
            return
        self._settled = self._seen
        try:
            self.current = await asyncio.to_thread(self._load)
        except Exception as error:  # Whatever is wrong with it, the old data keeps serving.
            self.refused = True
            log.error("changed data refused, the old keeps serving: %s", _reason(error))
        else:
            self.refused = False
            log.info("changed data in force: content %s", self.current.content.version)

    def _load(self) -> Loaded:
        """Read the folder beside turns that are being answered, and let them go first.

        Parsing is half a second of pure Python, in which a turn would wait 5 ms for the interpreter at each
        of its steps. With seven busy processes on two cores, where a turn takes 0.2 s, the slowest one
        during a reload took 0.7 to 1.1 s like this, and 1.2 to 1.7 s without.
        """
        usual = sys.getswitchinterval()
        sys.setswitchinterval(YIELD_SECONDS)
        try:
            return Loaded.load(self._data, require_signed=self._require_signed)
        finally:
            sys.setswitchinterval(usual)


def traces(data: Path) -> Traces:
    """What tells one state of the files in force from another, without reading them."""
    return tuple(sorted(_traces(data)))


def _traces(data: Path) -> Iterator[tuple[str, int, int, int]]:
    files = (file for folder in SERVED for file in (data / folder).rglob("*.*"))
    for file in (data / "clinic.yml", *files):
        try:
            found = file.stat()
        except OSError:  # It is being replaced; the next look finds it.
            continue
        yield str(file), found.st_ino, found.st_size, found.st_mtime_ns


def _reason(error: Exception) -> str:
    summary = error.summary if isinstance(error, DataError) else type(error).__name__
    return " ".join(summary.split())
