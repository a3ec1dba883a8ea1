"""`python -m bench.peers.harborline [--rules-only]`: our own screen, asked in the same way as the others."""

from __future__ import annotations

import sys
from typing import Final

from bench.peers.loop import serve
from bot.encoders import shared
from bot.evaluation.screening import rules_and_learned
from bot.risk import Screener
from bot.risk.learned import LearnedLayer
from bot.settings import load

RULES_ONLY: Final = "--rules-only"


def main() -> None:
    """Load what is asked for, and serve."""
    settings = load()
    screener = Screener.load(settings.data / "risk")
    if RULES_ONLY in sys.argv:
        serve(screener.version, lambda text: screener.screen(text).level.name)
        return
    layer = LearnedLayer.load(settings.learned, shared())
    both = rules_and_learned(screener, layer)
    serve(f"{screener.version}+{layer.version}", lambda text: both(text).level.name)


if __name__ == "__main__":
    main()
