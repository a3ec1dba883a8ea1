"""Reading JSON Lines that people wrote: any fault is told with its file, line and remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bot.text.fault import DataError, Fault

UNDETERMINED: Final = "und"
"""The language code of ISO 639-2 for lines that name none."""

Identity = str | int


class Fields:
    """One JSON object of a file; keys that nobody asks for are kept in `others`."""

    def __init__(self, values: Mapping[str, Any], file: Path, line: int) -> None:
        self._values = values
        self._file = file
        self._line = line

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def identity(self) -> Identity:
        """The `id`: text or a whole number.

        Raises:
            DataError: It is missing or something else.
        """
        value = self._values.get("id")
        if isinstance(value, str | int) and not isinstance(value, bool):
            return value
        raise self.fault("'id' is missing or neither text nor a number", 'Write "id": "a-name-of-its-own".')

    def text(self, key: str) -> str:
        """Text that must be there; it may be empty.

        Raises:
            DataError: It is missing or not text.
        """
        value = self._values.get(key)
        if isinstance(value, str):
            return value
        raise self.fault(f"'{key}' is missing or not text", f'Write "{key}": "…".')

    def optional(self, key: str) -> str | None:
        """Text, or None when the key is absent or null.

        Raises:
            DataError: It is not text.
        """
        return None if self._values.get(key) is None else self.text(key)

    def language(self) -> str:
        """The code in `lang`, whatever it is."""
        return self.optional("lang") or UNDETERMINED

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        """One of the allowed texts.

        Raises:
            DataError: It is missing or none of them.
        """
        value = self.text(key)
        if value in allowed:
            return value
        raise self.fault(f"'{key}' is none of those known here", f"Write one of: {', '.join(allowed)}.")

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, empty when the key is absent or null.

        Raises:
            DataError: It is no list of texts.
        """
        value = self._values.get(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        raise self.fault(f"'{key}' is not a list of texts", f'Write "{key}": ["…", "…"].')

    def patterns(self, key: str) -> tuple[re.Pattern[str], ...]:
        """A list of regular expressions that ignore case, empty when the key is absent or null.

        Raises:
            DataError: It is no list of texts, or one of them is no regular expression.
        """
        return tuple(self._pattern(key, each) for each in self.texts(key))

    def _pattern(self, key: str, text: str) -> re.Pattern[str]:
        try:
            return re.compile(text, re.IGNORECASE)
        except re.error as error:
            problem = f"'{key}' holds {text!r}, which is no regular expression: {error}"
            raise self.fault(problem, "Correct the pattern.") from error

    def seconds(self, key: str, default: float) -> float:
        """A duration of zero or more.

        Raises:
            DataError: It is no such number.
        """
        value = self._values.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
            return float(value)
        raise self.fault(f"'{key}' is not a number of seconds", f'Write "{key}": {default:g}.')

    def objects(self, key: str) -> list[Fields]:
        """A list of objects that must be there and hold at least one.

        Raises:
            DataError: It is no such list.
        """
        value = self._values.get(key)
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            return [Fields(each, self._file, self._line) for each in value]
        raise self.fault(f"'{key}' is not a list of objects", f'Write "{key}": [{{…}}, {{…}}].')

    def others(self, known: frozenset[str]) -> dict[str, Any]:
        """What the line holds beyond the known keys."""
        return {key: value for key, value in self._values.items() if key not in known}

    def fault(self, problem: str, remedy: str) -> DataError:
        """An error that names this line."""
        return _fault(self._file, self._line, problem, remedy)


def read(file: Path) -> Iterator[Fields]:
    """Every object of a JSON Lines file, in order; blank lines are passed over.

    Raises:
        DataError: The file cannot be read, holds no line, or a line is no JSON object.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _fault(file, 0, f"cannot be read: {error.strerror}", "Name a file of JSON Lines.") from error
    except UnicodeDecodeError as error:
        raise _fault(file, 0, "is not UTF-8", "Save it as UTF-8.") from error
    # Not splitlines(): JSON texts may hold U+2028 and the like unescaped.
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if not lines:
        raise _fault(file, 0, "holds no line", "Write one JSON object a line.")
    for number, line in lines:
        yield Fields(_object(file, number, line), file, number)


def _object(file: Path, number: int, line: str) -> Mapping[str, Any]:
    remedy = "Write one JSON object a line."
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise _fault(file, number, f"is not JSON: {reason}", remedy) from error
    if not isinstance(value, dict):
        raise _fault(file, number, "is not a JSON object", remedy)
    return value


def _fault(file: Path, line: int, problem: str, remedy: str) -> DataError:
    return DataError((Fault(file, line, problem, remedy),))
