"""The arithmetic: what a list of turns comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np


@dataclass(frozen=True, slots=True)
class Turn:
    """One timed turn: `ms` from sending the request to having the whole reply, as the client sees it."""

    ms: float
    as_expected: bool


@dataclass(frozen=True, slots=True)
class Load:
    """One step: so many senders, each sending its next message when the last one is answered."""

    system: str
    senders: int
    turns: int
    as_expected: int
    p50: float
    p95: float
    p99: float
    turns_per_second: float
    cpu_ms: float

    @classmethod
    def of(
        cls, system: str, senders: int, turns: Sequence[Turn], *, seconds: float, cpu_seconds: float
    ) -> Load:
        """Sum a step up.

        Args:
            turns: Every timed turn, failed ones too: whoever waits for an error waits.
            seconds: From the first request to the last reply.
            cpu_seconds: What the system's processes used of the processors meanwhile, which a busy machine
                changes less than it changes the latency.

        Raises:
            ValueError: There are no turns.
        """
        times = [turn.ms for turn in turns]
        return cls(
            system=system,
            senders=senders,
            turns=len(turns),
            as_expected=sum(turn.as_expected for turn in turns),
            p50=percentile(times, 50),
            p95=percentile(times, 95),
            p99=percentile(times, 99),
            turns_per_second=len(turns) / seconds,
            cpu_ms=cpu_seconds / len(turns) * 1_000,
        )


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: always one of the values, never something in between.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("no values")
    return float(np.percentile(values, percent, method="inverted_cdf"))


def at_turn(
    number: int, firsts: Sequence[float], conversation: Sequence[float], *, window: int
) -> float | None:
    """The typical latency of a conversation's turn `number`; None when it did not get so far.

    Args:
        number: Counted from 1.
        firsts: Latencies of the first turn of conversations, several because one is chance.
        conversation: Latencies of one conversation, in order.
        window: So many turns up to `number` are looked at, and their median taken.
    """
    if number == 1:
        return median(firsts)
    if len(conversation) < number:
        return None
    return median(conversation[max(0, number - window) : number])
