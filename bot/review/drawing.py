"""Charts of the overview, as SVG of a route of its own: an image runs nothing, and a page's policy holds."""

from __future__ import annotations

from typing import Any, Final

import pygal

from bot.charts import DARK, DARK_INK, LIGHT, LIGHT_INK, style
from bot.overview.figures import Figures

WIDTH: Final = 640
HEIGHT: Final = 220
FEW: Final = 15
"""Labels of days that fit beside each other."""
ROUNDING: Final = 1e-6


def days(figures: Figures, *, dark: bool) -> bytes:
    """Conversations a day."""
    chart = _chart(pygal.Bar, dark)
    labels = [f"{day.day} {day:%b}" for day in figures.days]
    chart.x_labels = labels
    if len(labels) > FEW:
        chart.x_labels_major = labels[:: len(labels) // 7]
        chart.show_minor_x_labels = False
    chart.add("", list(figures.days.values()))
    return _drawn(chart)


def hours(figures: Figures, *, dark: bool) -> bytes:
    """Messages by the hour of the day."""
    chart = _chart(pygal.Bar, dark)
    chart.x_labels = [f"{hour % 12 or 12} {'am' if hour < 12 else 'pm'}" for hour in range(24)]
    chart.x_labels_major = chart.x_labels[::4]
    chart.show_minor_x_labels = False
    chart.add("", list(figures.hours))
    return _drawn(chart)


def topics(figures: Figures, *, dark: bool) -> bytes:
    """Conversations by topic, the most frequent first."""
    shown = figures.topics[:12]
    chart = _chart(pygal.HorizontalBar, dark, height=60 + 26 * max(1, len(shown)))
    chart.x_labels = [topic.replace("_", " ") for topic, _ in reversed(shown)]
    chart.add("", [count for _, count in reversed(shown)])
    return _drawn(chart)


CHARTS: Final = {"days": days, "hours": hours, "topics": topics}


def _chart(kind: Any, dark: bool, *, height: int = HEIGHT) -> Any:
    palette, (ink, faint) = (DARK, DARK_INK) if dark else (LIGHT, LIGHT_INK)
    return kind(
        width=WIDTH,
        height=height,
        js=[],
        style=style(palette[:1], ink, faint),
        show_legend=False,
        margin=6,
        margin_right=20,
        truncate_label=-1,
        max_scale=6,
        min_scale=1,
        include_x_axis=True,
        value_formatter=_whole,
    )


def _whole(value: float) -> str:
    """A count; nothing for a line between two counts, which small charts have."""
    return f"{value:,.0f}" if abs(value - round(value)) < ROUNDING else ""


def _drawn(chart: Any) -> bytes:
    drawn: bytes = chart.render()
    return drawn
