"""The measurements, the same for every system."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import aiohttp

from bench.asks import Ask, conversations
from bench.figures import Load, Turn, at_turn, percentile
from bench.plan import Plan
from bench.processes import BenchError
from bench.systems import Running, Start, Target, responds, timed

FIRST_REPLY_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class ColdStart:
    """Seconds from the start of the process; the page cache is warm."""

    listening: float
    first_card: float
    first_answer: float


@dataclass(frozen=True, slots=True)
class Depth:
    """Milliseconds at the turns of one conversation, by turn; None where it did not get so far in time."""

    system: str
    ms: dict[int, float | None]


async def round_trip(session: aiohttp.ClientSession, url: str, requests: int) -> float:
    """The median milliseconds of a request that does no work: what the client and the wire cost.

    Raises:
        BenchError: The address does not answer.
    """
    times = []
    for _ in range(requests):
        started = time.perf_counter()
        if not await responds(session, url):
            raise BenchError(f"{url} does not answer")
        times.append((time.perf_counter() - started) * 1_000)
    return percentile(times, 50)


async def load(
    system: str, running: Running, dealt: Sequence[Sequence[Ask]], *, senders: int, seconds: float
) -> Load:
    """One step: the conversations are opened first, and that is not timed.

    Args:
        dealt: The messages of each conversation.
        seconds: No message is sent after these; those on their way are waited for.
    """
    target = running.target
    opened = [(await target.open(), asks) for asks in dealt]
    turns: list[Turn] = []
    waiting = iter(opened)
    used, started = running.cpu_seconds(), time.monotonic()
    await asyncio.gather(*(_send(target, waiting, turns, started + seconds) for _ in range(senders)))
    elapsed, used = time.monotonic() - started, running.cpu_seconds() - used
    return Load.of(system, senders, turns, seconds=elapsed, cpu_seconds=used)


async def _send(
    target: Target, waiting: Iterator[tuple[str, Sequence[Ask]]], turns: list[Turn], deadline: float
) -> None:
    """One sender: takes the next conversation when it has come to the end of one."""
    for conversation, asks in waiting:
        for ask in asks:
            if time.monotonic() > deadline:
                return
            turns.append(await timed(target, conversation, ask))


async def loads(system: str, running: Running, asks: Iterator[Ask], plan: Plan, *, each: int) -> list[Load]:
    """A step for each number of senders, after some untimed turns."""
    step = partial(load, system, running, seconds=plan.step_seconds)
    await step(conversations(asks, plan.warm_up, each=each), senders=1)
    return [
        await step(conversations(asks, turns, each=each), senders=senders)
        for senders, turns in plan.turns.items()
    ]


async def depth(system: str, target: Target, asks: Iterator[Ask], plan: Plan) -> Depth:
    """How the latency grows along one conversation.

    Raises:
        BenchError: A question was not answered, so that something else would be measured.
    """
    firsts = [await timed(target, await target.open(), next(asks)) for _ in range(plan.window)]
    conversation = await target.open()
    deadline = time.monotonic() + plan.long_seconds
    turns: list[Turn] = []
    while len(turns) < max(plan.depths) and time.monotonic() < deadline:
        turns.append(await timed(target, conversation, next(asks)))
    if not all(turn.as_expected for turn in turns[-plan.window :]):
        raise BenchError(f"{system}: turns of the long conversation were not answered")
    first_ms, ms = ([turn.ms for turn in each] for each in (firsts, turns))
    return Depth(
        system, {number: at_turn(number, first_ms, ms, window=plan.window) for number in plan.depths}
    )


async def cold_start(start: Start, question: Ask, crisis: Ask) -> ColdStart:
    """Start once; a crisis is sent as soon as anything listens, and again until its card comes."""
    async with start() as running:
        listening = time.monotonic()
        await _answered(running, crisis)
        first_card = time.monotonic()
        await running.ready()
        await _answered(running, question)
        moments = (listening, first_card, time.monotonic())
        return ColdStart(*(moment - running.started for moment in moments))


async def _answered(running: Running, ask: Ask) -> None:
    deadline = time.monotonic() + FIRST_REPLY_SECONDS
    while not (await timed(running.target, await running.target.open(), ask)).as_expected:
        for process in running.processes:
            process.check()
        if time.monotonic() > deadline:
            raise BenchError(f"not answered after {FIRST_REPLY_SECONDS:g} s:\n{running.processes[0].tail()}")
        await asyncio.sleep(0.02)
