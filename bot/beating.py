"""The heartbeat of a deployment: made from its settings, its roster and its clock."""

from __future__ import annotations

import sys

from bot.clock import SystemClock
from bot.heartbeat import Heart
from bot.logs import configure_logs
from bot.notify import Notifier
from bot.roster import load as load_roster
from bot.settings import Settings, SettingsError


def heart(settings: Settings, url: str | None) -> Heart:
    """A heart that beats at `url`, by default where people reach the server.

    Raises:
        SettingsError: There is no secret to mark the messages with.
        DataError: The roster cannot be used.
    """
    if not settings.heartbeat_secret:
        raise SettingsError(
            "HARBORLINE_HEARTBEAT_SECRET is not set, so a check would page staff. Put the same random "
            "characters, for example a 'harborline key', into the server's settings and here."
        )
    roster = load_roster(settings.data) if settings.contact else None
    contacts = roster.addresses(settings.contact) if roster else {}
    notifier = Notifier(settings.notify_urls, base_url=settings.base_url, contacts=contacts)
    address = (url or settings.base_url).rstrip("/")
    return Heart(address, settings.heartbeat_secret, settings.heartbeat_ping, notifier, SystemClock())


async def beat_once(settings: Settings, url: str | None) -> str | None:
    """One beat; what is wrong, or None. Raises as `heart` does."""
    configure_logs()
    return await heart(settings, url).once()


async def beat_for_ever(settings: Settings, url: str | None) -> None:
    """A beat every five minutes, a line for each on standard output. Raises as `heart` does."""
    configure_logs()
    await heart(settings, url).for_ever(_tell)


def _tell(outcome: str) -> None:
    sys.stdout.write(f"heartbeat: {outcome}\n")
    sys.stdout.flush()
