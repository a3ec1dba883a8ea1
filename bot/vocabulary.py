"""The plain words of the training data: what scrubbing takes for no name although it may be capitalised."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from bot.checks.utterances import training
from bot.content.folding import words


@lru_cache(maxsize=1)
def vocabulary(data: Path) -> frozenset[str]:
    """Every word of the examples in `data/nlu`; a change of them counts after a restart."""
    return frozenset(word for utterance in training(data, []) for word in words(utterance.text))
