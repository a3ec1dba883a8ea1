"""Intervals against scipy's, and what happens without lines."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from bot.evaluation import tables
from bot.rates import Rate, latency_to_json, percentile, rates_to_json, share


@pytest.mark.parametrize(("count", "of"), [(0, 1), (1, 1), (0, 40), (3, 7), (39, 40), (500, 1000)])
def test_the_interval_is_wilsons(count: int, of: int) -> None:
    expected = binomtest(count, of).proportion_ci(0.95, method="wilson")
    assert Rate(count, of).interval == pytest.approx((expected.low, expected.high))


def test_no_lines_no_value() -> None:
    assert rates_to_json({"recall": share([])}) == {
        "recall": None,
        "intervals": {"recall": None},
        "counts": {"recall": [0, 0]},
    }
    assert latency_to_json([]) == {"p50": None, "p99": None, "max": None}


def test_rates_as_they_are_shown() -> None:
    assert tables.rate(Rate(3, 4)) == "75.0 % [30–95]"
    assert tables.rate(Rate(8, 20_000)) == "0.04 % [0.02–0.08]"
    assert tables.rate(Rate(0, 40)) == "0.0 % [0–9]"
    assert tables.rate(Rate(0, 0)) == "–"


def test_percentiles() -> None:
    values = [float(value) for value in range(1, 102)]
    assert (percentile(values, 50), percentile(values, 99)) == (51.0, 100.0)
    assert percentile([7.0], 99) == 7.0
    assert latency_to_json([0.001, 0.003]) == {"p50": 2.0, "p99": 2.98, "max": 3.0}
