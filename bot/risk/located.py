"""YAML read with the line that every word stands on, so that a fault can be shown to its author."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from bot.text.fault import DataError, Fault


class RiskDataError(DataError):
    """Cue files that cannot be used."""


class Word(str):
    """A scalar of a YAML file, as text, and its line counted from 1."""

    __slots__ = ("line",)
    line: int

    @classmethod
    def at(cls, value: str, line: int) -> Word:
        """The value, marked with its line."""
        word = cls(value)
        word.line = line
        return word


def read(file: Path) -> Any:
    """The file's contents as dict, list and `Word`; an empty file is an empty dict.

    Raises:
        RiskDataError: It cannot be read, is not UTF-8 or not YAML, or names a key twice.
    """
    try:
        root = YAML(typ="safe").compose(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RiskDataError((Fault(file, 0, f"cannot be read ({error})", "Restore it from git"),)) from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise RiskDataError((Fault(file, line, f"is not YAML: {error.problem}", "Correct it"),)) from error
    except YAMLError as error:
        raise RiskDataError((Fault(file, 0, f"is not YAML: {error}", "Correct it"),)) from error
    return _value(root, file) if root is not None else {}


def _value(node: Node, file: Path) -> Any:
    if isinstance(node, MappingNode):
        return _mapping(node, file)
    if isinstance(node, SequenceNode):
        return [_value(child, file) for child in node.value]
    return Word.at(str(node.value), node.start_mark.line + 1)


def _mapping(node: MappingNode, file: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        key = Word.at(str(key_node.value), line)
        if key in found:
            raise RiskDataError((Fault(file, line, f"'{key}' is there twice", "Join the two or rename one"),))
        found[key] = _value(value_node, file)
    return found
