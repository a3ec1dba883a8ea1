"""Server processes that never outlive the benchmark, and what they hold of the memory."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from bot.transcripts.encryption import make_key

HARBORLINE: Final = (sys.executable, "-m", "bot.cli")
STOP_SECONDS: Final = 15.0
POLL_SECONDS: Final = 0.005
"""How finely a start is timed."""


class BenchError(Exception):
    """A system did not start or did not answer; the message holds the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a process in MB; `pss` counts shared pages in part, None where it is unreadable."""

    rss: float
    pss: float | None


@dataclass(frozen=True, slots=True)
class Process:
    """A started process; `started` is on the monotonic clock."""

    name: str
    inner: asyncio.subprocess.Process
    log: Path
    started: float

    def said(self) -> str:
        """Everything that it printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def check(self) -> None:
        """Notice that it ended.

        Raises:
            BenchError: It did.
        """
        if self.inner.returncode is not None:
            raise BenchError(f"{self.name} ended with {self.inner.returncode}:\n{self.tail()}")

    def tail(self) -> str:
        """The last lines of its log."""
        return "\n".join(self.said().splitlines()[-15:])

    def memory(self) -> Memory:
        """What it and its children hold now."""
        family = self._family()
        return Memory(sum(each.memory_info().rss for each in family) / 1e6, _pss(family))

    def cpu_seconds(self) -> float:
        """What it and its children have used of the processors since they were started."""
        times = [each.cpu_times() for each in self._family()]
        return float(sum(each.user + each.system for each in times))

    def _family(self) -> list[psutil.Process]:
        parent = psutil.Process(self.inner.pid)
        return [parent, *parent.children(recursive=True)]


@asynccontextmanager
async def running(
    name: str, command: Sequence[str], *, folder: Path, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Process]:
    """A process in a session of its own, asked to stop at the end, then killed with its children.

    Args:
        folder: Its working directory; its log goes there, too.
        settings: Environment variables beside the caller's own, from which `HARBORLINE_*` are removed.
    """
    log = folder / f"{name.replace(' ', '-')}.log"
    with log.open("wb") as output:
        started = time.monotonic()
        inner = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment(settings or {}),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Process(name, inner, log, started)
    finally:
        await _stop(inner)


async def finished(
    name: str,
    command: Sequence[str],
    *,
    folder: Path,
    seconds: float,
    settings: Mapping[str, str] | None = None,
) -> str:
    """Run a command to its end; what it printed.

    Raises:
        BenchError: It failed or took too long.
    """
    async with running(name, command, folder=folder, settings=settings) as process:
        try:
            await asyncio.wait_for(process.inner.wait(), seconds)
        except TimeoutError as error:
            raise BenchError(f"{name} took more than {seconds:g} s:\n{process.tail()}") from error
        if process.inner.returncode:
            process.check()
        return process.said()


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without its settings, with a fresh key, bound to this machine alone."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HARBORLINE_")}
    ours = {
        "HARBORLINE_KEYS": make_key(),
        "SANIC_HOST": "127.0.0.1",
        "RASA_TELEMETRY_ENABLED": "false",
        "PYTHONUNBUFFERED": "1",
    }
    return {**inherited, **ours, **settings}


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _stop(inner: asyncio.subprocess.Process) -> None:
    try:
        with suppress(ProcessLookupError):
            inner.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(inner.wait(), STOP_SECONDS)
    finally:
        # The whole session: nothing that it started may stay behind.
        with suppress(ProcessLookupError):
            os.killpg(inner.pid, signal.SIGKILL)


def _pss(family: Sequence[psutil.Process]) -> float | None:
    try:
        return sum(float(each.memory_full_info().pss) for each in family) / 1e6
    except (AttributeError, psutil.Error):
        return None
