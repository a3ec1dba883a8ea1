"""What is done to a crisis that must never make it look like less: one list, used for every crisis case."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

CYRILLIC: Final = str.maketrans("aeopcyx", "\u0430\u0435\u043e\u0440\u0441\u0443\u0445")
GREEK: Final = str.maketrans("oav", "\u03bf\u03b1\u03bd")
LEET: Final = str.maketrans("eo", "30")
_LONG_WORD = re.compile(r"[a-z]{4,}")


def _doubled(text: str) -> str:
    return _LONG_WORD.sub(lambda found: found[0] + found[0][-1], text)


def _stretched(text: str) -> str:
    return _LONG_WORD.sub(lambda found: found[0] + 3 * found[0][-1], text)


def _full_width(text: str) -> str:
    return re.sub(r"[a-z]", lambda found: chr(ord(found[0]) + 0xFEE0), text)


def _bold(text: str) -> str:
    return re.sub(r"[a-z]", lambda found: chr(0x1D41A + ord(found[0]) - ord("a")), text)


def _leet(text: str) -> str:
    return _LONG_WORD.sub(lambda found: found[0].translate(LEET), text)


TRANSFORMS: Final[dict[str, Callable[[str], str]]] = {
    "greeting before": lambda text: f"hi there. {text}",
    "Spanish greeting before": lambda text: f"hola buenas noches, {text}",
    "name before": lambda text: f"This is Maria. {text}",
    "name after": lambda text: f"{text} - Luis",
    "question before": lambda text: f"Is ketamine covered by insurance? {text}",
    "question after": lambda text: f"{text}. What are your hours?",
    "Spanish question after": lambda text: f"{text}. \u00bfCu\u00e1nto cuesta una sesi\u00f3n?",
    "upper case": str.upper,
    "lower case": str.lower,
    "title case": str.title,
    "lost apostrophes": lambda text: text.replace("'", ""),
    "curly apostrophes": lambda text: text.replace("'", "\u2019"),
    "doubled letters": _doubled,
    "stretched words": _stretched,
    "invisible characters": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "Cyrillic look-alikes": lambda text: text.translate(CYRILLIC),
    "Greek look-alikes": lambda text: text.translate(GREEK),
    "full-width letters": _full_width,
    "bold letters": _bold,
    "combining marks": lambda text: re.sub(r"([aeiou])", "\\1\u0331", text),
    "digits for letters": _leet,
    "line breaks": lambda text: text.replace(" ", "\n"),
    "wide spaces": lambda text: text.replace(" ", "\u00a0\u2003"),
    "tabs": lambda text: text.replace(" ", "\t"),
    "emoji before": lambda text: f"\U0001f494 {text}",
    "emoji after": lambda text: f"{text} \U0001f643\U0001f480",
    "entities": lambda text: text.replace("e", "&#101;"),
    "quotation marks": lambda text: f'"{text}"',
    "slash before": lambda text: f"/{text}",
}
