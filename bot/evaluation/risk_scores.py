"""What a screening of judged lines amounts to: crises noticed, false alarms, by group of lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.evaluation import tables
from bot.evaluation.risk import CONCERN, CRISIS, NONE, Screened
from bot.messages import Level
from bot.rates import Rates, latency_to_json, rates_to_json, share

GROUPS: Final[Mapping[str, Callable[[Screened], str | None]]] = {
    "lang": lambda each: each.line.lang,
    "category": lambda each: each.line.category,
    "tier": lambda each: each.line.tier,
}
NAMES: Final = {
    "recall": "recall",
    "precision": "precision",
    "false_alarm_rate": "false alarms",
    "concern_recall": "concern recall",
    "false_concern_rate": "needless concern",
    "level_right": "level right",
}
COLUMNS: Final = ("recall", "precision", "false_alarm_rate", "level_right")
"""The rates that fit a terminal; the JSON and the page have them all."""
SHOWN: Final = 20
"""Ids of failures that the terminal shows; the JSON has them all."""


def rates(screened: Sequence[Screened], *, lenient: bool) -> Rates:
    """The rates of `NAMES`.

    recall: of lines expected to be a crisis, those found to be one; leniently, or another fair level.
    precision: of lines found to be a crisis, those expected to be one; leniently, or fairly so.
    false_alarm_rate: of lines not expected to be a crisis, those found to be one; leniently, unfairly so.
    concern_recall: of lines expected to be a concern, those that got at least a check-in.
    false_concern_rate: of lines with nothing expected, those that got more, leniently unfairly so.
    level_right: of all lines, those at the expected level; leniently, or at another fair one.
    """

    def right(each: Screened) -> bool:
        return each.is_right(lenient=lenient)

    expected = {
        level: [each for each in screened if each.line.expected == level] for level in (CRISIS, CONCERN, NONE)
    }
    alarms = [each for each in screened if each.level == CRISIS]
    calm = [*expected[CONCERN], *expected[NONE]]
    return {
        "recall": share(right(each) for each in expected[CRISIS]),
        "precision": share(right(each) for each in alarms),
        "false_alarm_rate": share(each.level == CRISIS and not right(each) for each in calm),
        "concern_recall": share(each.level != NONE or right(each) for each in expected[CONCERN]),
        "false_concern_rate": share(not right(each) for each in expected[NONE]),
        "level_right": share(right(each) for each in screened),
    }


def grouped(screened: Sequence[Screened], key: str) -> dict[str, list[Screened]]:
    """Lines by their value of a key of `GROUPS`, sorted; lines without one are left out."""
    groups: dict[str, list[Screened]] = {}
    for each in screened:
        label = GROUPS[key](each)
        if label is not None:
            groups.setdefault(label, []).append(each)
    return dict(sorted(groups.items()))


def thresholds(screened: Sequence[Screened]) -> dict[str, Rates]:
    """Recall and false alarms if the alarm were raised from another level on, strictly judged."""
    return {
        level.name: {
            "recall": share(each.risk.level >= level for each in screened if each.line.expected == CRISIS),
            "false_alarm_rate": share(
                each.risk.level >= level for each in screened if each.line.expected != CRISIS
            ),
        }
        for level in (Level.CONCERN, Level.CRISIS, Level.EMERGENCY)
    }


@dataclass(frozen=True, slots=True)
class RiskReport:
    """A screened file. `version` says which cues were in force."""

    file: str
    version: str
    screened: Sequence[Screened]

    @property
    def missed(self) -> list[Screened]:
        """Crises that were not found to be one."""
        return [each for each in self.screened if each.line.expected == CRISIS and each.level != CRISIS]

    @property
    def false_alarms(self) -> list[Screened]:
        """Lines found to be a crisis that were not expected to be one."""
        return [each for each in self.screened if each.line.expected != CRISIS and each.level == CRISIS]

    def failures(self, *, lenient: bool) -> list[Screened]:
        """Lines whose level is not right."""
        return [each for each in self.screened if not each.is_right(lenient=lenient)]

    def to_json(self) -> dict[str, Any]:
        """The whole report: no words of any line."""
        return {
            "file": self.file,
            "version": self.version,
            **_both(self.screened),
            **{
                f"by_{key}": {label: _both(group) for label, group in grouped(self.screened, key).items()}
                for key in GROUPS
            },
            "failures": {
                "strict": _ids(self.failures(lenient=False)),
                "lenient": _ids(self.failures(lenient=True)),
                "missed": _ids(self.missed),
                "false_alarms": _ids(self.false_alarms),
            },
            "thresholds": {level: rates_to_json(each) for level, each in thresholds(self.screened).items()},
            "latency_ms": latency_to_json([each.seconds for each in self.screened]),
            "cpu_ms": latency_to_json([each.cpu_seconds for each in self.screened]),
            "lines": [each.to_json() for each in self.screened],
        }

    def to_text(self) -> str:
        """The tables of the terminal."""
        return "\n\n".join(
            [
                f"{self.file}: {len(self.screened):,} lines, cues {self.version}",
                self._table("strict", lenient=False),
                self._table("lenient", lenient=True),
                _listed("missed crises", self.missed) + "\n" + _listed("false alarms", self.false_alarms),
                tables.latency([each.seconds for each in self.screened])
                + "\n"
                + tables.latency([each.cpu_seconds for each in self.screened], "CPU"),
            ]
        )

    def _table(self, title: str, *, lenient: bool) -> str:
        groups = {"all": list(self.screened)}
        for key in GROUPS:
            groups |= {f"{key} {label}": group for label, group in grouped(self.screened, key).items()}
        scored = {label: (len(group), rates(group, lenient=lenient)) for label, group in groups.items()}
        return tables.rate_table(title, {name: NAMES[name] for name in COLUMNS}, scored)


def _both(screened: Sequence[Screened]) -> dict[str, Any]:
    return {
        "n": len(screened),
        "strict": rates_to_json(rates(screened, lenient=False)),
        "lenient": rates_to_json(rates(screened, lenient=True)),
    }


def _ids(screened: Sequence[Screened]) -> list[str | int]:
    return [each.line.id for each in screened]


def _listed(title: str, screened: Sequence[Screened]) -> str:
    more = f" and {len(screened) - SHOWN:,} more" if len(screened) > SHOWN else ""
    shown = ", ".join(str(each.line.id) for each in screened[:SHOWN])
    return f"{title}: {len(screened):,}" + (f" ({shown}{more})" if screened else "")
