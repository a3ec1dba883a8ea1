"""Reading YAML mappings so that every fault is noted with its file and line, and reading goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from bot.text.fault import Fault


class Entry:
    """A mapping in a data file; values that are missing or of a wrong type become faults and empty values."""

    def __init__(self, node: CommentedMap, file: Path, faults: list[Fault]) -> None:
        self._node = node
        self.file = file
        self.faults = faults

    def __contains__(self, key: str) -> bool:
        return key in self._node

    def __iter__(self) -> Iterator[str]:
        return (str(key) for key in self._node)

    def line(self, key: str | None = None) -> int:
        """The line of a key, counting from 1; of the mapping itself when the key is not there."""
        if key is not None and key in self._node:
            return int(self._node.lc.key(key)[0]) + 1
        return int(self._node.lc.line) + 1

    def fault(self, key: str | None, problem: str, remedy: str) -> None:
        """Note a fault at the line of a key."""
        self.faults.append(Fault(self.file, self.line(key), problem, remedy))

    def only(self, *known: str) -> None:
        """Note every key that is not known, which a spelling mistake would otherwise hide."""
        for key in self:
            if key not in known:
                self.fault(key, f"'{key}' is not known here", f"Use one of: {', '.join(known)}.")

    def text(self, key: str) -> str:
        """A string that must be there and not be blank; else a fault and ''."""
        value = self._node.get(key)
        if isinstance(value, str) and value.strip():
            return str(value)
        self.fault(
            key, f"'{key}' is missing or not text", f"Write {key}: and the text, in quotes if in doubt."
        )
        return ""

    def optional(self, key: str) -> str | None:
        """A string, or None when the key is absent or empty."""
        return None if self._node.get(key) in (None, "") else self.text(key) or None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; absent means none."""
        value = self._node.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(str(item) for item in value)
        self.fault(key, f"'{key}' is not a list of texts", f"Write {key}: [one, two].")
        return ()

    def entry(self, key: str) -> Entry:
        """A mapping that must be there; else a fault and an empty mapping at this line."""
        value = self._node.get(key)
        if isinstance(value, CommentedMap):
            return Entry(value, self.file, self.faults)
        self.fault(
            key, f"'{key}' is missing or not a mapping", f"Write {key}: and its parts below, indented."
        )
        return self.unread(key)

    def entries(self, key: str) -> tuple[Entry, ...]:
        """A list of mappings; absent means none."""
        value = self._node.get(key, [])
        if isinstance(value, list) and all(isinstance(item, CommentedMap) for item in value):
            return tuple(Entry(item, self.file, self.faults) for item in value)
        self.fault(
            key, f"'{key}' is not a list of mappings", f"Write {key}: and below it items that begin with '-'."
        )
        return ()

    def whole(self, key: str, default: int) -> int:
        """A whole number above 0; absent means the default."""
        value = self._node.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return int(value)
        self.fault(key, f"'{key}' is {_shown(value)}", "Write a whole number above 0.")
        return default

    def choice(self, key: str, allowed: tuple[str, ...], default: str) -> str:
        """One of some words; anything else is a fault and the default."""
        value = self._node.get(key)
        if value in allowed:
            return str(value)
        self.fault(key, f"'{key}' is {_shown(value)}", f"Write one of: {', '.join(allowed)}.")
        return default

    def unread(self, key: str) -> Entry:
        """An empty mapping in place of one that is missing; what it lacks is not noted again."""
        node = CommentedMap()
        node.lc.line, node.lc.col = self.line(key) - 1, 0
        return Entry(node, self.file, [])


def read(file: Path, faults: list[Fault]) -> Entry | None:
    """The top mapping of a YAML file, or None with the fault noted."""
    try:
        node: Any = YAML().load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(file, 0, f"cannot be read: {_reason(error)}", "Make it a readable UTF-8 file."))
        return None
    except YAMLError as error:
        faults.append(
            Fault(file, _marked_line(error), f"is not YAML: {_reason(error)}", "Correct this line.")
        )
        return None
    if isinstance(node, CommentedMap):
        return Entry(node, file, faults)
    faults.append(Fault(file, 0, "holds no mapping", "Write 'key: value' lines; see docs/content.md."))
    return None


def _marked_line(error: YAMLError) -> int:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    return mark.line + 1 if mark is not None else 0


def _reason(error: Exception) -> str:
    if isinstance(error, MarkedYAMLError):
        return str(error.problem or error.context)
    return str(error.strerror) if isinstance(error, OSError) else "it is not UTF-8"


def _shown(value: object) -> str:
    return "missing" if value is None else f"'{value}'"
