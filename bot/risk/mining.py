"""Finds the lines of ordinary talk that sound most like danger and are none: `python -m bot.risk.mining`.

They teach a layer more than lines at random. The list is kept in `data/risk/ordinary.txt`, so that a training
need not read 200,000 lines. Run it after `harborline train` when the examples have changed a lot; it takes
some ten minutes. Somebody must read what it prints: a line of real danger does not belong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from bot.encoders import shared
from bot.risk.learned import LearnedLayer
from bot.risk.ordinary import AT_RANDOM, LIST, line_id, ordinary_talk

RISK: Final = Path(__file__).resolve().parents[2] / "data" / "risk"
LAYER: Final = RISK.parents[1] / "models" / "harborline-risk"
READ: Final = 100_000
KEPT: Final = 3_500
LEAST_WORDS: Final = 6
"""Shorter ones could be danger as well as not."""
AT_ONCE: Final = 1_000


def hardest(layer: LearnedLayer, lines: list[str]) -> list[str]:
    """The lines that the layer finds likest to danger, likest first."""
    chances = [
        chance
        for start in range(0, len(lines), AT_ONCE)
        for chance in layer.probabilities(lines[start : start + AT_ONCE])[:, 0].tolist()
    ]
    order = sorted(range(len(lines)), key=lambda at: (-chances[at], lines[at]))
    return [lines[at] for at in order[:KEPT]]


def main() -> None:
    """Write the list, and print the lines themselves for somebody to read."""
    lines = [line for line in ordinary_talk()[AT_RANDOM:READ] if len(line.split()) >= LEAST_WORDS]
    found = hardest(LearnedLayer.load(LAYER, shared()), lines)
    ids = sorted(line_id(line) for line in found)
    (RISK / LIST).write_text("".join(f"{each}\n" for each in ids), encoding="utf-8")
    sys.stdout.writelines(f"{line}\n" for line in found)


if __name__ == "__main__":
    main()
