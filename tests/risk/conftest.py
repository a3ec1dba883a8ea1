"""The real cue files, compiled once, and the cases that clinicians can read."""

from __future__ import annotations

from pathlib import Path

import pytest

import bot
from bot.risk import Screener

CUES = Path(bot.__file__).parent.parent / "data" / "risk"


@pytest.fixture(scope="session")
def screener() -> Screener:
    return Screener.load(CUES)


@pytest.fixture(scope="session")
def cue_folder() -> Path:
    return CUES
