"""Copies of the real data folder with a fault planted in them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from bot.content import stamp
from bot.settings import ROOT

DATA = ROOT / "data"
UTTERANCE = "    - "
KEPT = 4


class Planted:
    """A copy of `data/` that tests spoil."""

    def __init__(self, folder: Path) -> None:
        self.data = Path(shutil.copytree(DATA, folder / "data"))

    def change(self, file: str, old: str, new: str, *, count: int = 1) -> int:
        """Replace words that must be there, and return the line of the first."""
        path = self.data / file
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise LookupError(f"{file} does not hold {old!r}")
        path.write_text(text.replace(old, new, count), encoding="utf-8")
        return text[: text.index(old)].count("\n") + 1

    def thin(self) -> None:
        """Keep a few of each author's utterances of a topic, for what encodes or learns them all."""
        for path in (self.data / "nlu").glob("*.yml"):
            kept, run = [], 0
            for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
                run = run + 1 if line.startswith(UTTERANCE) else 0
                if run <= KEPT:
                    kept.append(line)
            path.write_text("".join(kept), encoding="utf-8")

    def restamp(self) -> None:
        """Make every hash right again, so that only the planted fault is left."""
        stamp(self.data)


Plant = Callable[[], Planted]
