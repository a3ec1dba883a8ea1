"""Changing single values of a data file and leaving everything else in it as it is."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.content.store import ContentError
from bot.text.fault import Fault

_VALUE = re.compile(
    r"""(?P<key>\s*\w+:[ ]*)(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^#\r\n]*?)(?P<rest>(?:[ ]+\#.*)?[\r\n]*)\Z"""
)
"""A line that holds one key and its value, with the comment and the line end behind them."""


def rewrite(file: Path, values: Mapping[int, str]) -> None:
    """Put values, written as YAML, on lines that hold one key each; whole or not at all.

    Args:
        file: A YAML file in UTF-8.
        values: The new value of the key in a line; lines count from 1.

    Raises:
        ContentError: A line holds something else than one key and its whole value.
    """
    lines = file.read_bytes().decode("utf-8").splitlines(keepends=True)
    for number, value in values.items():
        found = _VALUE.fullmatch(lines[number - 1])
        if found is None:
            remedy = "Write each key of the metadata on a line of its own."
            raise ContentError((Fault(file, number, "this value cannot be changed in its place", remedy),))
        lines[number - 1] = found["key"].rstrip() + " " + value + found["rest"]
    text = "".join(lines)
    _require_yaml(file, text, min(values, default=0))
    _replace(file.resolve(), text)


def _require_yaml(file: Path, text: str, line: int) -> None:
    """A value that went over several lines leaves its rest behind."""
    try:
        YAML(typ="safe").load(text)
    except YAMLError as error:
        remedy = "Write reviewer, reviewed_on, status and sha256 on one line each."
        raise ContentError((Fault(file, line, "a value here spans several lines", remedy),)) from error


def _replace(file: Path, text: str) -> None:
    """A half-written file would stop the next start."""
    draft = file.with_suffix(".yml.new")
    draft.write_bytes(text.encode("utf-8"))
    shutil.copymode(file, draft)
    os.replace(draft, file)
