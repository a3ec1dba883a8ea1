"""What a run found, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

from bench.environment import Environment
from bench.figures import Load
from bench.measuring import ColdStart, Depth
from bench.processes import Memory
from bench.sizes import Sizes
from bench.tables import Cell, table

BUSY: Final = 15.0
"""Percent of the processors above which the latencies say more about the neighbours."""
ADVICE: Final = "Latencies hold for a machine with nothing else to do: run it again."


@dataclass(frozen=True, slots=True)
class Resident:
    """One process's memory when it is ready and after all loads."""

    process: str
    ready: Memory
    loaded: Memory


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything about one system. `round_trip` is the median of a request without work, in ms."""

    system: str
    round_trip: float
    faq: Sequence[Load]
    crisis: Sequence[Load]
    depth: Depth
    cold_starts: Sequence[ColdStart]
    memory: Sequence[Resident]
    training: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run. `others`: percent of the processors that other programs used before and after it."""

    environment: Environment
    others: tuple[float, float]
    sizes: Sizes
    systems: Sequence[Measured]

    def __str__(self) -> str:
        """The tables, a blank line between them."""
        return "\n\n".join(
            [
                _loads("FAQ turn, ms", [load for each in self.systems for load in each.faq]),
                _loads("Crisis turn, ms", [load for each in self.systems for load in each.crisis]),
                _depths([each.depth for each in self.systems]),
                _round_trips(self.systems),
                _cold_starts(self.systems),
                _memory(self.systems),
                *_trainings(self.systems),
                _sizes(self.sizes),
                busy(self.others),
            ]
        )

    def to_json(self) -> str:
        """All figures, unrounded."""
        return json.dumps(asdict(self), indent=2)


def _loads(title: str, loads: Sequence[Load]) -> str:
    head = ("system", "senders", "turns", "as expected", "p50", "p95", "p99", "turns/s", "CPU ms/turn")
    return table(title, head, [_load(load) for load in loads])


def _load(load: Load) -> Sequence[Cell]:
    expected = f"{100 * load.as_expected / load.turns:.1f} %"
    times = (load.p50, load.p95, load.p99, load.turns_per_second, load.cpu_ms)
    return (load.system, load.senders, load.turns, expected, *times)


def _depths(depths: Sequence[Depth]) -> str:
    head = ("system", *(f"turn {number:,}" for number in depths[0].ms))
    return table(
        "FAQ turn along one conversation, ms", head, [(each.system, *each.ms.values()) for each in depths]
    )


def _round_trips(systems: Sequence[Measured]) -> str:
    rows = [(each.system, each.round_trip) for each in systems]
    return table("HTTP round trip without a turn, ms", ("system", "p50"), rows)


def _cold_starts(systems: Sequence[Measured]) -> str:
    head = ("system", "starts", "listening", "first crisis card", "first FAQ answer", "slowest answer")
    rows = [_cold_start(each.system, each.cold_starts) for each in systems]
    return table("Cold start, s from the start of the process (medians)", head, rows, decimals=2)


def _cold_start(system: str, starts: Sequence[ColdStart]) -> Sequence[Cell]:
    return (
        system,
        len(starts),
        median(each.listening for each in starts),
        median(each.first_card for each in starts),
        median(each.first_answer for each in starts),
        max(each.first_answer for each in starts),
    )


def _memory(systems: Sequence[Measured]) -> str:
    head = ("process", "RSS ready", "RSS after load", "PSS ready", "PSS after load")
    rows = [row for each in systems for row in _residents(each.memory)]
    return table("Memory, MB", head, rows, decimals=0)


def _residents(memory: Sequence[Resident]) -> Iterator[Sequence[Cell]]:
    for each in memory:
        yield each.process, each.ready.rss, each.loaded.rss, each.ready.pss, each.loaded.pss
    if len(memory) > 1:
        columns: Sequence[Sequence[float | None]] = [
            [each.ready.rss for each in memory],
            [each.loaded.rss for each in memory],
            [each.ready.pss for each in memory],
            [each.loaded.pss for each in memory],
        ]
        yield "  together", *map(_total, columns)


def _total(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _trainings(systems: Sequence[Measured]) -> Iterator[str]:
    rows = [(each.system, each.training) for each in systems if each.training is not None]
    if rows:
        yield table("Training, s", ("system", "whole command"), rows)


def _sizes(sizes: Sizes) -> str:
    rows: Sequence[Sequence[Cell]] = (
        ("packages in requirements.lock", sizes.runtime_packages, sizes.runtime),
        ("packages in requirements-dev.lock", sizes.development_packages, None),
        (".venv as it is", None, sizes.venv),
        ("trained model", None, sizes.model),
        ("sentence encoder, unpacked", None, sizes.encoder_cache),
    )
    return table("On disk", ("what", "packages", "MB"), rows, decimals=1)


def busy(percent: tuple[float, float]) -> str:
    """How far other programs disturbed a run: percent of the processors before and after it."""
    before, after = percent
    shares = f"Other programs used {before:.0f} % of the processors before the run, {after:.0f} % after it."
    return f"{shares} {ADVICE}" if max(percent) > BUSY else shares
