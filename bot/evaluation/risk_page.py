"""The page of `evaluate risk`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from bot.evaluation import charts, page
from bot.evaluation.charts import Series
from bot.evaluation.page import Matrix, Miss, Page, Section, Tile
from bot.evaluation.risk import CONCERN, CRISIS, LEVELS, NONE, Screened
from bot.evaluation.risk_scores import NAMES, RiskReport, grouped, rates, thresholds
from bot.messages import Level
from bot.rates import Rate
from bot.risk import Screener
from bot.risk.explain import explain

_TITLES: Final = {"lang": "By language", "category": "By category", "tier": "By tier"}
_RIGHT: Final = frozenset(
    {
        (CRISIS, Level.CRISIS.name),
        (CRISIS, Level.EMERGENCY.name),
        (CONCERN, Level.CONCERN.name),
        (NONE, Level.NONE.name),
    }
)
_CURVE_NOTE: Final = (
    "What recall and false alarms would be if a hand-off were opened from another level on. "
    "CRISIS is the one in force."
)


def risk_page(report: RiskReport, screener: Screener) -> Page:
    """The report as a page; the screener explains the misses."""
    return Page(
        title="How well danger is noticed",
        subtitle=f"{report.file}: {len(report.screened):,} lines, cues {report.version}",
        tiles=list(_tiles(report)),
        sections=[
            *(_group(report, key, title) for key, title in _TITLES.items() if grouped(report.screened, key)),
            _matrix(report.screened),
            _thresholds(report.screened),
            page.latency([each.seconds for each in report.screened]),
            *_misses(report, screener),
        ],
    )


def _tiles(report: RiskReport) -> Iterator[Tile]:
    strict, lenient = (rates(report.screened, lenient=judged) for judged in (False, True))
    yield Tile.of("recall, strict", strict["recall"])
    yield Tile.of("recall, lenient", lenient["recall"])
    yield Tile.of("precision, lenient", lenient["precision"])
    yield Tile.of("false alarms, strict", strict["false_alarm_rate"])
    yield Tile.of("false alarms, lenient", lenient["false_alarm_rate"])


def _group(report: RiskReport, key: str, title: str) -> Section:
    groups = grouped(report.screened, key)
    strict = {label: (len(group), rates(group, lenient=False)) for label, group in groups.items()}
    lenient = {label: (len(group), rates(group, lenient=True)) for label, group in groups.items()}
    shown: list[Rate] = [each["recall"] for _, each in strict.values()]
    chart = charts.bars(
        f"Recall and false alarms {title.lower()}, with intervals; the figures are in the table.",
        list(groups),
        [
            Series("recall", shown, charts.GOOD),
            Series(
                "false alarms, lenient",
                [each["false_alarm_rate"] for _, each in lenient.values()],
                charts.BAD,
            ),
        ],
    )
    names = {name: NAMES[name] for name in ("recall", "precision", "false_alarm_rate", "level_right")}
    return Section(
        title,
        "Bars are shares with 95 % intervals. The table is lenient: other fair levels count as right.",
        chart=chart,
        table=page.rate_table(key, names, lenient),
    )


def _matrix(screened: Sequence[Screened]) -> Section:
    counts = Counter((each.line.expected, each.risk.level.name) for each in screened)
    levels = [level.name for level in reversed(Level)]
    matrix = Matrix(LEVELS, levels, counts, _RIGHT)
    return Section(
        "Expected and found", "Lines by the level that was expected and the one found.", matrix=matrix
    )


def _thresholds(screened: Sequence[Screened]) -> Section:
    found = thresholds(screened)
    chart = charts.bars(
        "Recall and false alarms by the level from which an alarm is raised; the figures are in the table.",
        list(found),
        [
            Series("recall", [each["recall"] for each in found.values()], charts.GOOD),
            Series("false alarms", [each["false_alarm_rate"] for each in found.values()], charts.BAD),
        ],
    )
    names = {name: NAMES[name] for name in ("recall", "false_alarm_rate")}
    table = page.rate_table(
        "alarm from", names, {level: (len(screened), each) for level, each in found.items()}
    )
    return Section("Threshold", _CURVE_NOTE, chart=chart, table=table)


def _misses(report: RiskReport, screener: Screener) -> Iterator[Section]:
    alarms = report.false_alarms
    others = [
        each for each in report.failures(lenient=True) if each not in report.missed and each not in alarms
    ]
    for title, note, found in (
        ("Missed crises", "Expected to be a crisis and not found to be one.", report.missed),
        ("False alarms", "Found to be a crisis without being expected to; some of them fair.", alarms),
        ("Other levels than expected", "Neither expected nor fair, and no crisis involved.", others),
    ):
        yield page.misses(title, note, found, lambda each: _miss(each, screener))


def _miss(each: Screened, screener: Screener) -> Miss:
    line = each.line
    fair = f", {', '.join(line.also_ok)} fair" if line.also_ok else ""
    return Miss(
        id=str(line.id),
        labels=[label for label in (line.lang, line.category, line.tier) if label],
        text=line.text,
        verdict=f"{line.expected} expected{fair}; {each.risk.level.name} found",
        reasons=[
            " ".join(reason.split())
            for reason in explain(line.text, each.risk, screener).splitlines()
            if not reason.startswith(("level ", "version "))
        ],
    )
