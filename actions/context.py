"""What the actions work with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bot.cards import Cards
from bot.content import Content, load
from bot.risk import Screener
from bot.settings import load as load_settings
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing

log = logging.getLogger(__name__)


class Context:
    """Content, cards, screener and database, for one event loop.

    Args:
        data: The folder of the curated content and the risk cues.
        ring: Reads what is stored.
        database: Where hand-offs are opened. Without one nothing is stored: a rehearsal.
        content: The content now in force where it is reloaded; without it `data` is read once.

    Raises:
        DataError: `data` cannot be used: better now than when somebody is in danger.
    """

    def __init__(
        self,
        data: Path,
        *,
        ring: KeyRing | None,
        database: Database | None,
        content: Callable[[], Content] | None = None,
    ) -> None:
        read = load(data)
        self._content = content or (lambda: read)
        self.cards = Cards(read)
        self.screener = Screener.load(data / "risk")
        self.ring = ring
        self.database = database
        self._migrated = False

    @property
    def content(self) -> Content:
        """The curated content now in force."""
        return self._content()

    async def storage(self) -> Database | None:
        """The database with its schema in place; None in a rehearsal.

        Raises:
            StorageError: It cannot be reached.
        """
        if self.database is not None and not self._migrated:
            await self.database.migrate()
            self._migrated = True
        return self.database


@cache
def standalone() -> Context:
    """What the actions share under rasa_sdk's own server.

    Raises:
        SettingsError, DataError, KeyRingError: Settings or data cannot be used.
    """
    chosen = load_settings()
    if not chosen.keys:
        log.warning("HARBORLINE_KEYS is not set: cards are shown, and no hand-off is stored")
        return Context(chosen.data, ring=None, database=None)
    ring = KeyRing(chosen.keys)
    return Context(chosen.data, ring=ring, database=Database(chosen.database_url, ring))
