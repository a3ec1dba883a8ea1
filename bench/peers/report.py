"""The comparison as text and as JSON. No words of any line are in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any, Final

from bench.environment import Environment
from bench.peers.asking import Asked
from bench.peers.catalogue import Peer
from bench.peers.scores import Part, Row, rows
from bench.report import busy
from bench.tables import Cell, table
from bot.evaluation.tables import percent
from bot.rates import percentile

TIMES: Final = (
    ("processor, p50", "cpu_ms", 50),
    ("processor, p99", "cpu_ms", 99),
    ("clock, p50", "ms", 50),
    ("clock, p99", "ms", 99),
)
NOTE: Final = (
    "A crisis without an answer counts as missed, other lines without one do not count. 'also_ok' is right."
)


@dataclass(frozen=True, slots=True)
class Column:
    """A detector and what it answered."""

    peer: Peer
    asked: Asked

    def milliseconds(self, kind: str, percentage: int) -> float | None:
        """A percentile of how long a line took, `ms` or `cpu_ms`; None without answers."""
        return percentile([getattr(each, kind) for each in self.asked.answers.values()], percentage)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A whole run.

    Args:
        environment: Where and when.
        others: Percent of the processors that other programs used before and after it.
        parts: The files.
        columns: The detectors that were asked.
        missing: By name, why a detector is not among them.
    """

    environment: Environment
    others: tuple[float, float]
    parts: Sequence[Part]
    columns: Sequence[Column]
    missing: Mapping[str, str]

    def __str__(self) -> str:
        """Where it ran, who was compared, what went wrong, and the table."""
        who = "\n".join(_described(column) for column in self.columns)
        trouble = "\n".join(self._trouble())
        said = (str(self.environment), who, trouble, self._table(), f"{NOTE}\n{busy(self.others)}")
        return "\n\n".join(filter(None, said))

    def to_json(self) -> str:
        """All figures with their counts and 95 % intervals (Wilson)."""
        return json.dumps(
            {
                "environment": asdict(self.environment),
                "others": self.others,
                "peers": [_peer(column) for column in self.columns],
                "missing": dict(self.missing),
                "rows": [self._row(row) for row in self._rows()],
            },
            indent=2,
        )

    def _rows(self) -> list[Row]:
        return list(rows(self.parts, [column.asked.answers for column in self.columns]))

    def _row(self, row: Row) -> dict[str, Any]:
        rates = {
            column.peer.name: {"count": rate.count, "of": rate.of, "interval": rate.interval}
            for column, rate in zip(self.columns, row.rates, strict=True)
        }
        return {"section": row.section, "label": row.label.strip(), "rates": rates}

    def _trouble(self) -> Iterator[str]:
        for name, why in self.missing.items():
            yield f"! {name}: left out, {why}"
        for column in self.columns:
            for what in column.asked.trouble:
                yield f"! {column.peer.name}: {what}"

    def _table(self) -> str:
        head = ("", "lines", *(column.peer.name for column in self.columns))
        cells = [*self._rates(), *self._times(), *self._unanswered()]
        return table("Share of lines; time in ms a line", head, cells, decimals=2)

    def _rates(self) -> Iterator[Sequence[Cell]]:
        for section, together in groupby(self._rows(), key=lambda row: row.section):
            yield self._title(section)
            for row in together:
                shown = (percent(rate.value) for rate in row.rates)
                yield (f"  {row.label}", max(rate.of for rate in row.rates), *shown)

    def _times(self) -> Iterator[Sequence[Cell]]:
        yield self._title("time a line")
        for label, kind, percentage in TIMES:
            figures = (column.milliseconds(kind, percentage) for column in self.columns)
            yield (f"  {label}", self._lines(), *figures)

    def _unanswered(self) -> Iterator[Sequence[Cell]]:
        missing = (self._lines() - len(column.asked.answers) for column in self.columns)
        yield ("lines without an answer", self._lines(), *missing)

    def _title(self, section: str) -> Sequence[Cell]:
        return (section, *("" for _ in range(1 + len(self.columns))))

    def _lines(self) -> int:
        return sum(len(part.lines) for part in self.parts)


def _described(column: Column) -> str:
    peer = column.peer
    name = peer.distribution or peer.name
    return f"{name} {column.asked.version or '(unknown version)'}: {peer.what}; {peer.reading}"


def _peer(column: Column) -> dict[str, Any]:
    return {
        "name": column.peer.name,
        "distribution": column.peer.distribution,
        "version": column.asked.version,
        "what": column.peer.what,
        "levels": dict(column.peer.levels),
        "trouble": list(column.asked.trouble),
        "answers": len(column.asked.answers),
        "ms": {label: column.milliseconds(kind, at) for label, kind, at in TIMES},
    }
