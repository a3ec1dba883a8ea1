"""The case files of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

FOLDER = Path(__file__).parent / "cases"
CRISIS_FILES = ("explicit", "direct", "crisis-en", "crisis-es", "indirect-en", "indirect-es")


def cases(*names: str) -> list[dict[str, Any]]:
    """The cases of these files, in their order."""
    return [case for name in names for case in YAML(typ="safe").load(FOLDER / f"{name}.yml")]
