"""What is measured: something that can be started and talked to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import aiohttp

from bench.asks import Ask
from bench.figures import Turn
from bench.processes import POLL_SECONDS, BenchError, Process


class Target(Protocol):
    """Something to talk to. Both methods raise `aiohttp.ClientError` or `TimeoutError`."""

    async def open(self) -> str:
        """A new conversation; its name."""
        ...

    async def say(self, conversation: str, text: str) -> list[str]:
        """Send a message; the texts of the replies."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """A started system. `ready` waits until it answers in full; `probe` is a request that does no work."""

    target: Target
    processes: Sequence[Process]
    ready: Callable[[], Awaitable[None]]
    probe: str

    @property
    def started(self) -> float:
        """When its first process was started, on the monotonic clock."""
        return min(process.started for process in self.processes)

    def cpu_seconds(self) -> float:
        """What its processes have used of the processors so far."""
        return sum(process.cpu_seconds() for process in self.processes)


Start = Callable[[], AbstractAsyncContextManager[Running]]
"""Starts a system in a folder of its own and waits until it listens."""


async def timed(target: Target, conversation: str, ask: Ask) -> Turn:
    """One turn, as the sender sees it; an error is a turn that is not as expected."""
    started = time.perf_counter()
    try:
        replies = await target.say(conversation, ask.text)
    except (aiohttp.ClientError, TimeoutError):
        replies = []
    return Turn((time.perf_counter() - started) * 1_000, ask.expected in replies)


async def until(
    condition: Callable[[], Awaitable[bool]], processes: Sequence[Process], *, seconds: float
) -> None:
    """Wait until a condition holds.

    Raises:
        BenchError: A process ended meanwhile, or time is up.
    """
    deadline = time.monotonic() + seconds
    while not await condition():
        for process in processes:
            process.check()
        if time.monotonic() > deadline:
            raise BenchError(f"not there after {seconds:g} s:\n{processes[0].tail()}")
        await asyncio.sleep(POLL_SECONDS)


async def responds(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether a GET answers 200 now."""
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
