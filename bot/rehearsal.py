"""The real program on a database and a key that are thrown away, with nobody paged."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from bot.messages import Clock, Engine
from bot.services import Services
from bot.settings import Settings, SettingsError
from bot.transcripts.encryption import make_key

LOADING_SECONDS: Final = 60.0


@asynccontextmanager
async def rehearse(
    settings: Settings,
    *,
    clock: Clock | None = None,
    through: Callable[[Engine], Engine] | None = None,
    texts: bool = False,
) -> AsyncIterator[Services]:
    """Services for trying things out, ready to answer; never the clinic's database, key or pager.

    Args:
        settings: Names the data and the model.
        clock: Stands in for the machine's.
        through: Listens in on the engine, see `Services`.
        texts: Keep the settings for SMS, which are a simulator's.

    Raises:
        DataError: `data/` cannot be used.
        SettingsError: The model cannot be loaded.
    """
    with tempfile.TemporaryDirectory(prefix="harborline-") as folder:
        private = replace(
            settings,
            keys=(make_key(),),
            database_url=f"sqlite+aiosqlite:///{Path(folder) / 'rehearsal.db'}",
            spool=Path(folder) / "spool",
            notify_urls=(),
        )
        if not texts:
            private = replace(
                private,
                sms_unsigned=False,
                twilio_account_sid="",
                twilio_auth_token=(),
                telnyx_public_key="",
            )
        services = Services(private, clock=clock, notifies=False, through=through)
        await services.start()
        try:
            await _wait_until_loaded(services)
            yield services
        finally:
            await services.stop()


async def _wait_until_loaded(services: Services) -> None:
    try:
        async with asyncio.timeout(LOADING_SECONDS):
            while not services.engine.ready or services.second_look.reason == "loading":
                if services.engine.reason not in ("loading", None):
                    raise SettingsError(f"{services.engine.reason}.")
                await asyncio.sleep(0.05)
    except TimeoutError as error:
        raise SettingsError("The engine does not load. Run 'harborline train'.") from error
