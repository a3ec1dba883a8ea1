"""How much is measured, and what bounds it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Counts of one run.

    `turns` are timed per step, by number of senders. `depths` are the turns of one long conversation whose
    latency is shown; the last of them is how long it gets. `step_seconds` and `long_seconds` end a step
    that is slower than anybody should wait for; what was measured until then counts.
    """

    turns: dict[int, int]
    warm_up: int
    turns_a_conversation: int = 5
    depths: tuple[int, ...]
    window: int = 10
    cold_starts: int
    step_seconds: float
    long_seconds: float


FULL: Final = Plan(
    turns={1: 500, 10: 1_000, 50: 1_500},
    warm_up=50,
    depths=(1, 100, 1_000),
    cold_starts=3,
    step_seconds=60,
    long_seconds=600,
)
QUICK: Final = Plan(
    turns={1: 20, 10: 40, 50: 100},
    warm_up=5,
    depths=(1, 10, 50),
    window=5,
    cold_starts=1,
    step_seconds=15,
    long_seconds=30,
)
