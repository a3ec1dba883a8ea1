"""What the clinic publishes: the counts that the crisis protocol promises, for `harborline referrals`."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from bot.roster import load as load_roster
from bot.settings import Settings, SettingsError
from bot.transcripts.counts import referrals
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing


async def referrals_by_month(settings: Settings) -> Mapping[str, int]:
    """How often crisis numbers were given, by month of the roster's time zone, or of UTC without one.

    Raises:
        SettingsError: The database cannot be read.
        DataError: The roster cannot be used.
    """
    roster = load_roster(settings.data)
    database = Database(settings.database_url, KeyRing(settings.keys))
    try:
        async with database.reading() as session:
            return await referrals(session, roster.zone if roster else ZoneInfo("UTC"))
    except StorageError as error:
        raise SettingsError(f"The database cannot be read ({error}). See HARBORLINE_DATABASE_URL.") from error
    finally:
        await database.close()
