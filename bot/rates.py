"""Shares with their confidence intervals, and latencies: the figures that every report is made of."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Z: Final = statistics.NormalDist().inv_cdf(0.975)
"""Of a two-sided interval of 95 %."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `of`. Without any `of` there is no value."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """The share in [0, 1]."""
        return self.count / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % score interval (Wilson, 1927), which holds for small numbers and shares near 0 and 1."""
        if not self.of:
            return None
        share, squared = self.count / self.of, Z**2 / self.of
        centre = (share + squared / 2) / (1 + squared)
        half = Z * (share * (1 - share) / self.of + squared / (4 * self.of)) ** 0.5 / (1 + squared)
        return max(0.0, centre - half), min(1.0, centre + half)


Rates = Mapping[str, Rate]


def share(of: Iterable[bool]) -> Rate:
    """How many of some statements are true."""
    held = list(of)
    return Rate(sum(held), len(held))


def rates_to_json(rates: Rates) -> dict[str, Any]:
    """Each share under its name, null without lines; `intervals` and `counts` hold what stands behind it."""
    return {
        **{name: rate.value for name, rate in rates.items()},
        "intervals": {name: rate.interval and list(rate.interval) for name, rate in rates.items()},
        "counts": {name: [rate.count, rate.of] for name, rate in rates.items()},
    }


def percentile(values: Sequence[float], percent: int) -> float | None:
    """A percentile between 1 and 99, interpolated; None without values."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def latency_to_json(seconds: Sequence[float]) -> dict[str, float | None]:
    """The median, the 99th percentile and the longest, in milliseconds."""
    figures = {
        "p50": percentile(seconds, 50),
        "p99": percentile(seconds, 99),
        "max": max(seconds, default=None),
    }
    return {name: None if value is None else round(value * 1000, 3) for name, value in figures.items()}
