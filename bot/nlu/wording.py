"""How a message is spelled before the topic model reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.messages import MAX_TEXT
from bot.text.fold import fold


class Wording:
    """Brings a message to one spelling: case, width, invisible characters, and the synonyms of `data/nlu`."""

    def __init__(self, synonyms: Mapping[str, str]) -> None:
        self.synonyms = {self._plain(word): self._plain(meaning) for word, meaning in synonyms.items()}
        longest_first = sorted(self.synonyms, key=len, reverse=True)
        self._pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")

    def read(self, text: str) -> str:
        """The message as the model reads it; empty when it holds nothing visible."""
        plain = self._plain(text)
        if not self.synonyms:
            return plain
        return self._pattern.sub(lambda found: self.synonyms[found[0]], plain)

    def read_all(self, texts: Iterable[str]) -> list[str]:
        """Each message as the model reads it."""
        return [self.read(text) for text in texts]

    @staticmethod
    def _plain(text: str) -> str:
        return fold(text[:MAX_TEXT])
