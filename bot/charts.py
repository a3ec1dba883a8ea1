"""The look of our charts: SVG drawn here by pygal, for light and for dark; no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pygal.style import Style

LIGHT: Final = ("#12525d", "#b4451f", "#c98a1b", "#5b7fa6", "#9aa5a9")
DARK: Final = ("#7fcfcf", "#ff9d76", "#efc46a", "#9dbfe6", "#74858c")
LIGHT_INK: Final = ("#1b2b31", "#d5d0c4")
DARK_INK: Final = ("#e4edef", "#33454d")
"""Of words, and of lines that help to read off values."""


def style(colours: Sequence[str], ink: str, faint: str) -> Style:
    """What pygal needs to draw so."""
    return Style(
        background="transparent",
        plot_background="transparent",
        foreground=ink,
        foreground_strong=ink,
        foreground_subtle=ink,
        guide_stroke_color=faint,
        major_guide_stroke_color=faint,
        guide_stroke_dasharray="none",
        major_guide_stroke_dasharray="none",
        colors=tuple(colours),
        ci_colors=tuple(ink for _ in colours),
        opacity="1",
        transition="none",
        font_family="system-ui, sans-serif",
        label_font_size=12,
        major_label_font_size=12,
        legend_font_size=12,
        title_font_size=12,
    )
