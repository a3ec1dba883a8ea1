"""Words spelled with the letters that flags are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff](?:[\\s\u200b-\u200d\ufe0f]*[\U0001f1e6-\U0001f1ff])*")
_FIRST = 0x1F1E6


def flag_letters(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, letter) of every regional indicator.

    A pair side by side is a flag and says nothing; more of them in a row, or one alone, are letters.
    """
    for run in _FLAG_LETTERS.finditer(text):
        letters = [i for i in range(*run.span()) if _FIRST <= ord(text[i]) < _FIRST + 26]
        is_flag = len(letters) == 2 and letters[1] - letters[0] == 1
        for i in letters:
            yield i, i + 1, " " if is_flag else chr(ord(text[i]) - _FIRST + ord("a"))
