"""A line to text on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from tests.fixtures.clock import HandClock
from tests.fixtures.texting import Line, open_line


@pytest.fixture
async def line(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> AsyncIterator[Line]:
    """Twilio with its default handling of reserved words."""
    async with open_line(sqlite_database, ring, tmp_path, clock) as line:
        yield line


@pytest.fixture
async def advanced(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> AsyncIterator[Line]:
    """Twilio with Advanced Opt-Out."""
    async with open_line(sqlite_database, ring, tmp_path, clock, advanced=True) as line:
        yield line
