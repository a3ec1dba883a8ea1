"""Plain text tables for the terminal: the first column to the left, figures to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from bot.evaluation.rates import Rate, Rates, latency_to_json

NONE: Final = "–"


def percent(share: float | None) -> str:
    """A share with one decimal."""
    return NONE if share is None else f"{share * 100:.1f} %"


def rate(shown: Rate) -> str:
    """A share with its interval in whole percent."""
    if shown.interval is None:
        return NONE
    low, high = shown.interval
    return f"{percent(shown.value)} [{low * 100:.0f}–{high * 100:.0f}]"


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


def latency(seconds: Sequence[float]) -> str:
    """One line about how long the lines took."""
    figures = latency_to_json(seconds)
    shown = (f"{name} {value:.2f} ms" for name, value in figures.items() if value is not None)
    return f"latency  {', '.join(shown)}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join([f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)])
