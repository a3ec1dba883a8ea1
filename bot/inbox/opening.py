"""The clinic's database, opened for one command of the inbox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from bot.settings import Settings, SettingsError
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import DecryptionError, KeyRing


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[tuple[AsyncSession, KeyRing]]:
    """One transaction and the keys; it is committed at the end.

    Raises:
        SettingsError: The database cannot be used, or the key does not fit.
    """
    ring = KeyRing(settings.keys)
    database = Database(settings.database_url, ring)
    try:
        async with database.transaction() as session:
            yield session, ring
    except StorageError as error:
        raise SettingsError(f"The database cannot be used ({error}). See HARBORLINE_DATABASE_URL.") from error
    except DecryptionError as error:
        raise SettingsError(f"{error}. Put the key that wrote it into HARBORLINE_KEYS.") from error
    finally:
        await database.close()
