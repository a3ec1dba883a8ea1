"""One run: each system in turn, so that none disturbs another."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp

from bench import harborline, long_conversation, measuring, stock
from bench.asks import Ask, crises, questions
from bench.measuring import ColdStart, Depth
from bench.plan import QUICK, Plan
from bench.processes import finished, free_port
from bench.report import Measured, Resident
from bench.systems import Start
from bot.cards import Cards
from bot.content import Content, load
from bot.risk import Screener
from bot.settings import ROOT

CHILD_SECONDS: Final = 120.0
"""For loading the engine, on top of the time that the plan allows the conversation."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bench:
    """What every measurement needs."""

    plan: Plan
    session: aiohttp.ClientSession
    content: Content
    cards: Cards
    screener: Screener
    progress: Progress

    @classmethod
    def prepare(cls, plan: Plan, session: aiohttp.ClientSession, progress: Progress) -> Bench:
        """Read once what must come back, so that an edit during the run changes nothing.

        Raises:
            DataError: `data/` cannot be used.
        """
        content = load(ROOT / "data")
        return cls(plan, session, content, Cards(content), Screener.load(ROOT / "data" / "risk"), progress)

    def questions(self) -> Iterator[Ask]:
        """What is asked, from the beginning."""
        return questions(self.content)

    def crises(self) -> Iterator[Ask]:
        """What people in danger write, from the beginning."""
        return crises(self.cards, self.screener)


async def harborline_measured(bench: Bench) -> Measured:
    """Harborline over HTTP, and its long conversation in a process of its own.

    Raises:
        BenchError: It does not start or answer.
    """
    start = partial(harborline.serving, bench.session)
    return await _measured(bench, harborline.NAME, start, partial(_direct_depth, bench))


async def stock_measured(bench: Bench) -> Measured:
    """Stock Rasa, trained first, in a project of its own.

    Raises:
        BenchError: It cannot be trained, or does not start or answer.
    """
    with tempfile.TemporaryDirectory(prefix="harborline-bench-") as folder:
        project, port = Path(folder), free_port()
        bench.progress(f"{stock.NAME}: training")
        seconds = await stock.train(project, bench.content, actions_port=port)
        start = partial(stock.serving, bench.session, project, actions_port=port)
        return await _measured(
            bench, stock.NAME, start, partial(_served_depth, bench, stock.NAME, start), training=seconds
        )


async def _measured(
    bench: Bench,
    system: str,
    start: Start,
    depth: Callable[[], Awaitable[Depth]],
    *,
    training: float | None = None,
) -> Measured:
    cold_starts = await _cold_starts(bench, system, start)
    plan, asks, dangers = bench.plan, bench.questions(), bench.crises()
    async with start() as running:
        await running.ready()
        before = [process.memory() for process in running.processes]
        round_trip = await measuring.round_trip(bench.session, running.probe, plan.turns[1])
        bench.progress(f"{system}: FAQ turns")
        faq = await measuring.loads(system, running, asks, plan, each=plan.turns_a_conversation)
        bench.progress(f"{system}: crisis turns")
        crisis = await measuring.loads(system, running, dangers, plan, each=1)
        memory = [
            Resident(process.name, ready, process.memory())
            for process, ready in zip(running.processes, before, strict=True)
        ]
    bench.progress(f"{system}: one conversation of {max(plan.depths):,} turns")
    return Measured(system, round_trip, faq, crisis, await depth(), cold_starts, memory, training)


async def _cold_starts(bench: Bench, system: str, start: Start) -> list[ColdStart]:
    asks, dangers, starts = bench.questions(), bench.crises(), []
    for number in range(bench.plan.cold_starts):
        bench.progress(f"{system}: cold start {number + 1} of {bench.plan.cold_starts}")
        starts.append(await measuring.cold_start(start, next(asks), next(dangers)))
    return starts


async def _served_depth(bench: Bench, system: str, start: Start) -> Depth:
    async with start() as running:
        await running.ready()
        return await measuring.depth(system, running.target, bench.questions(), bench.plan)


async def _direct_depth(bench: Bench) -> Depth:
    quick = ["--quick"] if bench.plan is QUICK else []
    command = [sys.executable, "-m", "bench.long_conversation", *quick]
    with tempfile.TemporaryDirectory(prefix="harborline-bench-") as folder:
        said = await finished(
            "long conversation",
            command,
            folder=Path(folder),
            settings={"PYTHONPATH": str(ROOT)},
            seconds=bench.plan.long_seconds + CHILD_SECONDS,
        )
    ms = json.loads(said.splitlines()[-1])
    return Depth(long_conversation.NAME, {int(number): value for number, value in ms.items()})
