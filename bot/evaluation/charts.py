"""Charts as SVG, drawn here by pygal and put into the page as images: no script runs, nothing is fetched."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pygal

from bot.charts import DARK, DARK_INK, LIGHT, LIGHT_INK, style
from bot.rates import Rate

WIDTH: Final = 400
"""Units of the drawing; a phone shows them a little smaller, a desk a little larger."""
ROW: Final = 20
AROUND: Final = 46
"""Height of a row of bars, and of what is around them."""
LABEL: Final = 26
"""Characters of a label."""
TALL: Final = 260
GOOD, BAD, MILD, COOL, FAINT = range(5)
Legend = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing for light and for dark, as data: addresses; what it shows, in words; its legend."""

    light: str
    dark: str
    alt: str
    legend: Legend


@dataclass(frozen=True, slots=True)
class Series:
    """A row of values with its name and colour; shares are drawn with their interval."""

    name: str
    values: Sequence[Rate | float | None]
    colour: int


def bars(alt: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """Shares from 0 to 100 %, a group of bars for each label, downwards."""
    height = AROUND + ROW * len(labels) * len(series)
    return _horizontal("HorizontalBar", alt, labels, series, height)


def stacked(alt: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """Shares that make up 100 %, one bar for each label, downwards."""
    plain = [Series(each.name, [_value(value) for value in each.values], each.colour) for each in series]
    return _horizontal("HorizontalStackedBar", alt, labels, plain, AROUND + ROW * len(labels))


def curve(alt: str, series: Mapping[str, tuple[int, Sequence[tuple[float, float]]]], title: str) -> Chart:
    """Lines through points of shares, by name with their colour; `title` names the horizontal axis."""
    legend = tuple((name, colour) for name, (colour, _) in series.items())
    options = {
        "x_title": title,
        "show_dots": False,
        "range": (0, 1),
        "xrange": (0, 1),
    }

    def fill(chart: Any) -> None:
        chart.y_labels = chart.x_labels = [0, 0.2, 0.4, 0.6, 0.8, 1]
        for name, (_, points) in series.items():
            chart.add(name, list(points), stroke_style={"width": 3})

    return _drawn("XY", alt, legend, TALL, fill, options)


def histogram(alt: str, bins: Sequence[tuple[str, int]], title: str) -> Chart:
    """How many lines fall into each bin, by label."""
    options = {"x_title": title, "max_scale": 6, "value_formatter": lambda value: f"{value:,.0f}"}

    def fill(chart: Any) -> None:
        chart.truncate_label = -1
        chart.x_labels = [label for label, _ in bins]
        chart.x_labels_major_count = 5
        chart.show_minor_x_labels = False
        chart.add("", [count for _, count in bins])

    return _drawn("Bar", alt, (("", GOOD),), TALL - 60, fill, options)


def _horizontal(kind: str, alt: str, labels: Sequence[str], series: Sequence[Series], height: int) -> Chart:
    def fill(chart: Any) -> None:
        chart.x_labels = [_cut(label) for label in reversed(labels)]  # pygal draws upwards
        chart.y_labels = [0, 0.5, 1]
        for each in series:
            chart.add(each.name, [_point(value) for value in reversed(each.values)])

    legend = tuple((each.name, each.colour) for each in series)
    return _drawn(kind, alt, legend, height, fill, {"range": (0, 1)})


def _cut(label: str) -> str:
    """A label that leaves room for the bars."""
    return label if len(label) <= LABEL else f"{label[: LABEL - 1]}…"


def _point(value: Rate | float | None) -> Any:
    if not isinstance(value, Rate) or value.interval is None:
        return _value(value)
    low, high = value.interval
    return {"value": value.value, "ci": {"low": low, "high": high}}


def _value(value: Rate | float | None) -> float | None:
    return value.value if isinstance(value, Rate) else value


def _drawn(kind: str, alt: str, legend: Legend, height: int, fill: Any, options: Mapping[str, Any]) -> Chart:
    def draw(palette: Sequence[str], ink: str, faint: str) -> str:
        shared = {
            "width": WIDTH,
            "height": height,
            "js": [],
            "style": style([palette[colour] for _, colour in legend], ink, faint),
            "show_legend": False,  # it would be cut; the page has its own
            "margin": 6,
            "margin_right": 26,
            "value_formatter": lambda value: f"{value:.0%}",
        }
        chart = getattr(pygal, kind)(**{**shared, **options})
        fill(chart)
        return f"data:image/svg+xml;base64,{base64.b64encode(chart.render()).decode()}"

    return Chart(draw(LIGHT, *LIGHT_INK), draw(DARK, *DARK_INK), alt, legend)
