"""One character at a time: what a reader takes it for, in lower-case ASCII where there is one."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

from emoji import EMOJI_DATA

INVISIBLE_CATEGORIES = frozenset({"Cf", "Mn", "Me", "Cc", "Co", "Cs"})
"""Format, combining, control, private and surrogate characters: none of them is read."""

_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5")
"""Letters and symbols by category that are drawn as nothing."""

_LATIN_NAME = re.compile(r"LATIN (?:CAPITAL |SMALL )?LETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .*)?$")
_KEPT = "[^\u0000-\u3000\u3164\ua640-\uabff\ufb00-\uffff\U0001d400-\U0001fbff\U000e0000-\U000e0fff]"
"""Han, Hangul and the like, where no letter imitates a Latin one: they are left as they are, at no cost."""
_NOT_KEPT = re.compile(_KEPT.replace("[^", "["))
KEPT_RUN: Final = re.compile(_KEPT + "{8,}")
"""Many of them in a row, from where looking at each costs more than leaving them together."""
_NOT_A_NAME = re.compile(r"[^a-z0-9:_]")
_BY_HAND = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u02b9\u0060\u00b4\uff07\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    "\u2026": "...",
    "\u00bf": " ",
    "\u00a1": " ",
    "ı": "i",
    **dict(zip("квмнтғпшяи", "kbmhtfnwrn", strict=True)),
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
}


def is_invisible(char: str) -> bool:
    """Whether nothing is drawn for this character; line feed, carriage return and tab are white space."""
    return char in _BLANK_LETTERS or (
        char not in "\n\r\t" and unicodedata.category(char) in INVISIBLE_CATEGORIES
    )


class _Folds(dict[str, str]):
    """Every character that was folded once, with what it is read as."""

    def __missing__(self, char: str) -> str:
        folded = self[char] = _fold(char)
        return folded


_FOLDS: Final = _Folds()


def folds(text: str) -> dict[str, str]:
    """What each character of the text is read as; those that are left as they are cost next to nothing."""
    different = set(text)
    kept = _NOT_KEPT.sub("", "".join(different))
    return dict(zip(kept, kept, strict=True)) | {char: _FOLDS[char] for char in different.difference(kept)}


def fold(char: str) -> str:
    """The character as it is read."""
    return folds(char)[char]


def _fold(char: str) -> str:
    """As it is read: "" when invisible, " " for a space, an emoji's name, else lower case, no accents."""
    if char in _BY_HAND:
        return _BY_HAND[char]
    if char in EMOJI_DATA and not char.isascii() and not _LATIN_NAME.search(unicodedata.name(char, "")):
        return _emoji_name(char)
    if char in "\n\r\t" or unicodedata.category(char)[0] == "Z":
        return "\n" if char in "\n\u2028\u2029" else " "
    if is_invisible(char):
        return ""
    decomposed = unicodedata.normalize("NFKD", char)
    folded = "".join(part for part in decomposed if not is_invisible(part)).casefold()
    if folded.isascii():
        return folded
    return "".join(part if part.isascii() else _look_alike(part) for part in folded)


def _emoji_name(char: str) -> str:
    """The emoji's English name between spaces, as one word: " :pill: "."""
    name = str(EMOJI_DATA[char]["en"]).lower().replace("\u2019", "")
    return f" {_NOT_A_NAME.sub('_', name)} "


def _look_alike(char: str) -> str:
    """The Latin letter that this one is drawn like or named after, else the character itself."""
    named = _LATIN_NAME.search(unicodedata.name(char, "")) or _LATIN_NAME.search(
        unicodedata.name(char.upper()[0], "")
    )
    if named:
        return named.group(1).lower()
    return _confusables().get(char, char)


@cache
def _confusables() -> dict[str, str]:
    """Letters of other scripts by the Latin letter that they are confused with (Unicode's own table)."""
    from confusable_homoglyphs.confusables import confusables_data  # a 0.1 s read, only when needed

    table: dict[str, str] = {}
    for char, twins in confusables_data.items():
        latin = [twin["c"] for twin in twins if len(twin["c"]) == 1 and twin["c"].isascii()]
        letters = [twin for twin in latin if twin.isalpha()]
        if letters and not char.isascii():
            table[char] = letters[0].lower()
    return table
