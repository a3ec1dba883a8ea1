"""Asking one detector, in a process of its own with a deadline, so that a crash of it ends nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from bot.settings import ROOT

START_SECONDS: Final = 60.0
LINE_SECONDS: Final = 0.25
"""A detector gets so long to start, and so long a line on the average."""
SHOWN: Final = 200
"""Characters of an error that are shown."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was made of a line: a level of ours, and milliseconds by the clock and of the processor."""

    level: str
    ms: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A detector's answers by the number of the line; `trouble` says what went wrong, one entry a sort."""

    version: str = ""
    answers: Mapping[int, Answer] = field(default_factory=dict)
    trouble: Sequence[str] = ()


async def ask(
    command: Sequence[str],
    levels: Mapping[str, str],
    texts: Sequence[str],
    scratch: Path,
    *,
    start_seconds: float = START_SECONDS,
) -> Asked:
    """Let a detector read every text.

    Args:
        command: Runs it; `bench.peers.loop` tells what it reads and writes.
        levels: From its own words to ours.
        texts: In order; the n-th has the number n, from 0 on.
        scratch: A folder for what goes in and out.
        start_seconds: How long it may take before its first answer.
    """
    questions, output, errors = (scratch / name for name in ("in.jsonl", "out.jsonl", "errors.log"))
    rows = (json.dumps({"n": n, "text": text}) for n, text in enumerate(texts))
    questions.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    seconds = start_seconds + LINE_SECONDS * len(texts)
    ended = await _run(command, questions, output, errors, seconds)
    asked = read(output.read_text(encoding="utf-8", errors="replace"), levels)
    count = f"after {len(asked.answers):,} of {len(texts):,} lines"
    trouble = [f"{ended} {count}{_said(asked, errors)}"] if ended else []
    if not ended and len(asked.answers) < len(texts) and not asked.trouble:
        trouble = [f"ended early, {count}"]
    return Asked(asked.version, asked.answers, (*trouble, *asked.trouble))


def read(output: str, levels: Mapping[str, str]) -> Asked:
    """What a detector wrote; lines that are no answers are counted by their sort, and never quoted."""
    version, answers, trouble = "", dict[int, Answer](), dict[str, int]()
    for row in output.splitlines():
        try:
            line = json.loads(row)
            if "version" in line:
                version = str(line["version"])
            elif "error" in line:
                _count(trouble, f"failed with {line['error']}")
            elif line["found"] in levels:
                answers[int(line["n"])] = _answer(line, levels)
            else:
                _count(trouble, "said something that has no level here")
        except (ValueError, KeyError, TypeError):
            _count(trouble, "wrote a line that is no answer")
    return Asked(version, answers, [f"{what} ({count:,}×)" for what, count in trouble.items()])


def _answer(line: Mapping[str, Any], levels: Mapping[str, str]) -> Answer:
    return Answer(levels[line["found"]], float(line["ms"]), float(line["cpu_ms"]))


def _count(trouble: dict[str, int], what: str) -> None:
    trouble[what] = trouble.get(what, 0) + 1


async def _run(command: Sequence[str], questions: Path, output: Path, errors: Path, seconds: float) -> str:
    """Why it ended otherwise than it should, or nothing."""
    with questions.open("rb") as stdin, output.open("wb") as stdout, errors.open("wb") as stderr:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                env=_environment(),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            return f"did not start ({error.strerror})"
        return await _wait(process, seconds)


async def _wait(process: asyncio.subprocess.Process, seconds: float) -> str:
    try:
        code = await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        return f"was stopped: more than {seconds:g} s,"
    finally:
        # The whole session: nothing that it started may stay behind.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return f"ended with {code}" if code else ""


def _environment() -> dict[str, str]:
    """The caller's environment without any setting: strangers' code has no business with a clinic's keys."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HARBORLINE_")}
    return {**kept, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def _said(asked: Asked, errors: Path) -> str:
    """The last line of its errors, when it failed before it read anything that it could quote."""
    if asked.version:
        return ""
    lines = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f": {lines[-1][:SHOWN]}" if lines else ""
