"""The clinic's database, opened for one command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.settings import Settings, SettingsError
from bot.transcripts.database import Database, KeyMismatchError, StorageError
from bot.transcripts.encryption import DecryptionError, KeyRing


@asynccontextmanager
async def database_of(settings: Settings) -> AsyncIterator[tuple[Database, KeyRing]]:
    """The database that the settings name, brought up to date, and its key ring.

    Raises:
        SettingsError: It cannot be used, or was written with another key.
    """
    ring = KeyRing(settings.keys)
    database = Database(settings.database_url, ring)
    try:
        await database.migrate()
        await database.check_key()
        yield database, ring
    except (KeyMismatchError, DecryptionError) as error:
        raise SettingsError(f"{error}. Put the key that wrote it into HARBORLINE_KEYS.") from error
    except StorageError as error:
        raise SettingsError(
            f"The database cannot be used ({error}). See HARBORLINE_DATABASE_URL; if it is busy, try again."
        ) from error
    finally:
        await database.close()
