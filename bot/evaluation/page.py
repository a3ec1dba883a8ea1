"""The page of a report: one file without scripts that fetches nothing, light and dark, narrow and wide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.evaluation import charts, tables
from bot.evaluation.charts import Chart
from bot.rates import Rate, Rates, latency_to_json, percentile
from bot.text.fault import DataError, Fault

MISSES: Final = 300
"""Misses that a page shows; a file may have thousands."""
BINS: Final = 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure that the page begins with."""

    label: str
    value: str
    note: str = ""

    @classmethod
    def of(cls, label: str, rate: Rate) -> Tile:
        """A share with its interval and what it is made of."""
        if rate.interval is None:
            return cls(label, tables.NONE, "no such lines")
        low, high = rate.interval
        return cls(
            label, tables.percent(rate.value), f"{low:.0%} to {high:.0%}; {rate.count:,} of {rate.of:,}"
        )


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; the first column names the row."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by what was expected (rows) and what came of it (columns); `right` names the right cells."""

    rows: Sequence[str]
    columns: Sequence[str]
    counts: Mapping[tuple[str, str], int]
    right: frozenset[tuple[str, str]]

    def share(self, row: str, column: str) -> float:
        """The cell's part of its row, in [0, 1]."""
        of = sum(self.counts.get((row, each), 0) for each in self.columns)
        return self.counts.get((row, column), 0) / of if of else 0.0


@dataclass(frozen=True, slots=True)
class Miss:
    """A line that did not come out right: its words, what went wrong, and why as far as that is known."""

    id: str
    labels: Sequence[str]
    text: str
    verdict: str
    reasons: Sequence[str] = ()
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: a chart with its figures beside it, a matrix, or misses."""

    title: str
    note: str = ""
    chart: Chart | None = None
    table: Table | None = None
    matrix: Matrix | None = None
    misses: Sequence[Miss] = ()
    omitted: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A report to look at."""

    title: str
    subtitle: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]


def write(page: Page, file: Path) -> None:
    """Write the page.

    Raises:
        DataError: The file cannot be written.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("page.html").render(page=page)
    try:
        file.write_text(html, encoding="utf-8")
    except OSError as error:
        fault = Fault(file, 0, f"cannot be written: {error.strerror}", "Name another file.")
        raise DataError((fault,)) from error


def rate_table(title: str, names: Mapping[str, str], groups: Mapping[str, tuple[int, Rates]]) -> Table:
    """A row for each group of lines, a column for each named rate."""
    rows = [
        [label, f"{lines:,}", *(tables.rate(rates[name]) for name in names)]
        for label, (lines, rates) in groups.items()
    ]
    return Table([title, "lines", *names.values()], rows)


def misses(title: str, note: str, found: Sequence[T], told: Callable[[T], Miss]) -> Section:
    """The misses of a report, as many as a page can hold."""
    shown = [told(each) for each in found[:MISSES]]
    return Section(f"{title} ({len(found):,})", note, misses=shown, omitted=len(found) - len(shown))


def latency(seconds: Sequence[float]) -> Section:
    """A histogram of how long the lines took, up to the 99th percentile."""
    figures = latency_to_json(seconds)
    rows = [[name, f"{value:.2f} ms"] for name, value in figures.items() if value is not None]
    chart = charts.histogram(
        "Histogram of latency; the figures are beside it.", _bins(seconds), "milliseconds"
    )
    return Section("Latency", "", chart=chart, table=Table(["figure", "time"], rows))


def _bins(seconds: Sequence[float]) -> list[tuple[str, int]]:
    top = (percentile(seconds, 99) or 0.0) * 1000 or 1.0
    counts = [0] * BINS
    for each in seconds:
        counts[min(int(each * 1000 / top * BINS), BINS - 1)] += 1
    return [(f"{top * place / BINS:.2g}", count) for place, count in enumerate(counts)]
