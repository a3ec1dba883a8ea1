"""Runs `harborline evaluate` in this process on lines that a test writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from bot.cli import main


def write(file: Path, lines: Iterable[Mapping[str, Any] | str]) -> Path:
    """Lines as JSON, one each; a text is written as it is."""
    written = (line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    file.write_text("\n".join(written) + "\n", encoding="utf-8")
    return file


def evaluate(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Result:
    """The command's exit code, standard output and standard error."""
    return CliRunner().invoke(main, ["evaluate", *map(str, arguments)], env=env)


def report(*arguments: str | Path) -> dict[str, Any]:
    """The report of `--json`, which must be all there is on standard output."""
    done = evaluate(*arguments, "--json")
    assert done.exit_code == 0, done.stderr or done.exception
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def assert_refused(done: Result, *parts: str) -> None:
    """One line on standard error that holds the parts, and exit code 2."""
    assert done.exit_code == 2, done.output
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr
    assert done.stdout == ""
