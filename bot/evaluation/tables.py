"""Plain text tables for the terminal: the first column to the left, figures to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bot.rates import Rate, Rates, latency_to_json

NONE: Final = "–"
FINE: Final = 0.01
"""Below this share a figure needs more decimals."""


def percent(share: float | None) -> str:
    """A share with one decimal, with two where it is below 1 %."""
    if share is None:
        return NONE
    return f"{share * 100:.{2 if 0 < share < FINE else 1}f} %"


def rate(shown: Rate) -> str:
    """A share with its interval in percent: whole ones, or two decimals where all of it is below 1 %."""
    if shown.interval is None:
        return NONE
    low, high = shown.interval
    decimals = 2 if high < FINE else 0
    return f"{percent(shown.value)} [{low * 100:.{decimals}f}–{high * 100:.{decimals}f}]"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell."""
    cells = [head, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [_line(row, widths) for row in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def rate_table(title: str, names: Mapping[str, str], groups: Mapping[str, tuple[int, Rates]]) -> str:
    """A row for each group of lines, a column for each named rate.

    Args:
        title: The head of the first column.
        names: By the rate's name, the head of its column.
        groups: By label, how many lines there are, and their rates.
    """
    rows = [
        [label, f"{lines:,}", *(rate(rates[name]) for name in names)]
        for label, (lines, rates) in groups.items()
    ]
    return table([title, "lines", *names.values()], rows)


def latency(seconds: Sequence[float], name: str = "latency") -> str:
    """One line about how long the lines took."""
    figures = latency_to_json(seconds)
    shown = (f"{figure} {value:.2f} ms" for figure, value in figures.items() if value is not None)
    return f"{name:<8} {', '.join(shown)}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join([f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)])
