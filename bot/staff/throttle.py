"""Slowing down guesses: a name from one address soon, a name or an address as a whole later.

Counting by name and address together keeps somebody elsewhere from locking a clinician out with a few
wrong passwords; the wider counts stop a guesser with many addresses, or many names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.transcripts.encryption import KeyRing
from bot.transcripts.inserting import insert_if_absent
from bot.transcripts.tables import LoginThrottle

FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)
FORGOTTEN_AFTER: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Key:
    """What failures are counted under, and how many are let pass."""

    digest: str
    free: int


def keys_for(ring: KeyRing, login: str, address: str) -> tuple[Key, ...]:
    """What a login from an address counts under."""
    return (
        Key(ring.digest("login", f"both {login} {address}"), 5),
        Key(ring.digest("login", f"name {login}"), 50),
        Key(ring.digest("login", f"address {address}"), 50),
    )


async def locked_until(session: AsyncSession, keys: Sequence[Key], now: datetime) -> datetime | None:
    """Until when no login is tried; None when one may be."""
    rows = await session.scalars(
        select(LoginThrottle.locked_until).where(
            LoginThrottle.key.in_([key.digest for key in keys]), LoginThrottle.locked_until > now
        )
    )
    return max((row for row in rows if row is not None), default=None)


async def failed(session: AsyncSession, keys: Sequence[Key], now: datetime) -> datetime | None:
    """Count a failure under every key; until when the next attempt must wait, if it must."""
    waits = [await _count(session, key, now) for key in keys]
    return max((wait for wait in waits if wait is not None), default=None)


async def succeeded(session: AsyncSession, keys: Sequence[Key]) -> None:
    """Forget the failures of this name at this address."""
    await session.execute(delete(LoginThrottle).where(LoginThrottle.key == keys[0].digest))


async def _count(session: AsyncSession, key: Key, now: datetime) -> datetime | None:
    await insert_if_absent(session, LoginThrottle, {"key": key.digest, "failures": 0, "last_failure_at": now})
    row = await session.get_one(LoginThrottle, key.digest, with_for_update=True, populate_existing=True)
    if now - row.last_failure_at > FORGOTTEN_AFTER:
        row.failures = 0
    row.failures += 1
    row.last_failure_at = now
    over = row.failures - key.free
    row.locked_until = now + _wait(over) if over >= 0 else None
    await session.flush()
    return row.locked_until


def _wait(over: int) -> timedelta:
    """Doubles with every failure too many."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(over, 10)
    return min(LONGEST_WAIT, doubled)
