"""Plain text tables: the first column to the left, figures to the right."""

from __future__ import annotations

from collections.abc import Sequence

Cell = str | int | float | None


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[Cell]], *, decimals: int = 1) -> str:
    """A titled table; None is shown as a dash, whole numbers with a comma at the thousands."""
    cells = [list(head), *([_shown(cell, decimals) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [_line(row, widths) for row in cells]
    return "\n".join([title, lines[0], "-" * len(lines[0]), *lines[1:]])


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (f"{cell:<{width}}" for cell, width in zip(row[:1], widths[:1], strict=True))
    others = [f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join([first, *others])


def _shown(cell: Cell, decimals: int) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.{decimals}f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
