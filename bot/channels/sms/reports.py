"""Reports on texts of ours, noted in the database or, for a crisis, told straight to staff."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bot.messages import Clock, Level, Pager, Risk
from bot.texting import progress
from bot.texting.provider import Status
from bot.texting.reporting import subject
from bot.transcripts.database import Database, StorageError
from bot.transcripts.tables import Delivery, Reason

log = logging.getLogger(__name__)

PAGE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Reporting:
    """Takes reports."""

    database: Database
    pager: Pager
    clock: Clock

    async def take(self, status: Status, query: Mapping[str, str]) -> bool:
        """Note one report; whether it is dealt with, so that the provider need not repeat it.

        Args:
            status: What it says.
            query: Of the address that we asked for it at; it says what it is about.
        """
        about = subject(query)
        if about is None or status.state is Delivery.RECORDED:
            return True
        now = self.clock.now()
        try:
            async with self.database.transaction() as session:
                await progress.note(
                    session, about, status.state, now, code=status.code, external_id=status.id
                )
        except (StorageError, progress.UnknownTextError) as error:
            log.warning("sms: report not noted: %s", type(error).__name__)
            await self._page(status, query)
            return not isinstance(error, StorageError)
        return True

    async def _page(self, status: Status, query: Mapping[str, str]) -> None:
        """Tell staff of a crisis text that failed straight from memory; the address says whose it is."""
        if status.state is not Delivery.FAILED or query.get("crisis") != "yes":
            return
        try:
            conversation = UUID(query["conversation"])
            async with asyncio.timeout(PAGE_SECONDS):
                await self.pager.page(conversation, Risk(level=Level.CRISIS), Reason.CANNOT_TEXT_BACK.value)
        except Exception as error:  # A pager may fail in any way.
            log.error("sms: page failed: %s", type(error).__name__)
