"""The page of `evaluate faq`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from bot.evaluation import charts, page, tables
from bot.evaluation.charts import Series
from bot.evaluation.curve import STEPS, at_threshold
from bot.evaluation.faq import OUT_OF_SCOPE, Answered
from bot.evaluation.faq_scores import BY_TOPIC, CAUGHT, NAMES, FaqReport, is_wrong
from bot.evaluation.nearest import Neighbours
from bot.evaluation.outcomes import Outcome
from bot.evaluation.page import Matrix, Miss, Page, Section, Table, Tile
from bot.rates import Rates

_STACK: Final = (
    ("right", ("answered_right",), charts.GOOD),
    ("asked back", ("asked_back",), charts.COOL),
    ("declined or refused", ("declined", "refused"), charts.FAINT),
    ("safety", ("safety",), charts.MILD),
    ("wrong", ("answered_wrong",), charts.BAD),
)
_ENDS: Final = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.ANSWERED)
_SHOWN: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def faq_page(report: FaqReport, threshold: float | None, neighbours: Neighbours) -> Page:
    """The report as a page.

    Args:
        report: What was answered.
        threshold: The classifier's, when it is known.
        neighbours: Explains the misses.
    """
    inside = [each for each in report.answered if report.is_in_scope(each)]
    outside = [each for each in report.answered if each.line.topic == OUT_OF_SCOPE]
    failed = [each for each in report.answered if report.is_failure(each)]
    return Page(
        title="How well questions are answered",
        subtitle=f"{report.file}: {len(report.answered):,} lines, content {report.version}",
        tiles=list(_tiles(report)),
        sections=[
            _stack(report, "By topic", "topic", BY_TOPIC),
            _stack(report, "By language", "lang", BY_TOPIC),
            _outside(report),
            _matrix(report),
            _curve(inside, outside, threshold),
            page.latency([each.seconds for each in report.answered]),
            *_misses(failed, neighbours),
        ],
    )


def _tiles(report: FaqReport) -> Iterator[Tile]:
    rates = report.rates(report.answered)
    for name in ("top1", "top3", "answered_right", "answered_wrong"):
        yield Tile.of(NAMES[name], rates[name])
    for name in ("out_of_scope_rejected", "must_not_answer_caught"):
        if rates[name].of:
            yield Tile.of(NAMES[name], rates[name])


def _stack(report: FaqReport, title: str, key: str, names: Sequence[str]) -> Section:
    inside = {
        label: [each for each in group if report.is_in_scope(each)]
        for label, group in report.grouped(key).items()
    }
    groups = {label: (len(group), report.rates(group)) for label, group in inside.items() if group}
    series = [
        Series(name, [_sum(rates, parts) for _, rates in groups.values()], colour)
        for name, parts, colour in _STACK
    ]
    return Section(
        title,
        "What became of lines in scope.",
        chart=charts.stacked(
            f"Outcomes {title.lower()}; the figures are in the table.", list(groups), series
        ),
        table=page.rate_table(key, {name: NAMES[name] for name in names}, groups),
    )


def _sum(rates: Rates, names: Sequence[str]) -> float:
    return sum(rates[name].value or 0.0 for name in names)


def _outside(report: FaqReport) -> Section:
    """Lines that must not get an answer, by topic."""
    groups = {
        label: report.rates(group)[
            "out_of_scope_rejected" if label == OUT_OF_SCOPE else "must_not_answer_caught"
        ]
        for label, group in report.grouped("topic").items()
        if not report.is_in_scope(group[0])
    }
    rows = [[label, f"{rate.of:,}", tables.rate(rate)] for label, rate in groups.items()]
    alt = "Lines rejected or caught, by topic, with intervals; the figures are in the table."
    series = [Series("rejected or caught", list(groups.values()), charts.GOOD)]
    return Section(
        "What must not be answered",
        "Lines out of scope that were not answered, and forbidden ones that were caught.",
        chart=charts.bars(alt, list(groups), series) if groups else None,
        table=Table(["topic", "lines", "rejected or caught"], rows),
    )


def _matrix(report: FaqReport) -> Section:
    counts = Counter((each.line.topic, _became(each)) for each in report.answered)
    rows = list(report.grouped("topic"))
    topics = sorted({became for _, became in counts} - set(_ENDS))
    columns = [*topics, *(end for end in _ENDS if any(became == end for _, became in counts))]
    right = {(topic, topic) for topic in rows if topic != OUT_OF_SCOPE and topic not in report.refused}
    right |= {(OUT_OF_SCOPE, end) for end in _ENDS}
    right |= {(topic, end.value) for topic in report.refused for end in CAUGHT}
    return Section(
        "Expected and answered",
        "Rows: the topic of the line. Columns: the topic it was answered with, then how else it ended.",
        matrix=Matrix(rows, columns, counts, frozenset(right)),
    )


def _became(each: Answered) -> str:
    return each.topic or tables.NONE if each.outcome is Outcome.ANSWERED else each.outcome.value


def _curve(inside: Sequence[Answered], outside: Sequence[Answered], threshold: float | None) -> Section:
    steps = [step / STEPS for step in range(STEPS + 1)]
    found = {at: at_threshold(at, inside, outside) for at in steps}
    lines = {
        "right": (charts.GOOD, _points(found, "right")),
        "wrong": (charts.BAD, _points(found, "wrong")),
        "out of scope answered": (charts.MILD, _points(found, "leaked")),
    }
    if threshold is not None:
        lines["chosen"] = (charts.FAINT, [(threshold, 0.0), (threshold, 1.0)])
    marked = sorted({*_SHOWN, *([threshold] if threshold is not None else [])})
    rows = [
        [
            f"{at:.2f}" + (" chosen" if at == threshold else ""),
            *(tables.percent(rate.value) for rate in at_threshold(at, inside, outside).values()),
        ]
        for at in marked
    ]
    return Section(
        "Threshold",
        "What the best topic alone would lead to if it were answered from another score on.",
        chart=charts.curve("Right, wrong and leaked by threshold; figures in the table.", lines, "threshold"),
        table=Table(["threshold", "right", "wrong", "out of scope answered"], rows),
    )


def _points(found: dict[float, Rates], name: str) -> list[tuple[float, float]]:
    return [(at, rates[name].value or 0.0) for at, rates in found.items()]


def _misses(failed: Sequence[Answered], neighbours: Neighbours) -> Iterator[Section]:
    wrong = [each for each in failed if is_wrong(each)]
    others = [each for each in failed if not is_wrong(each)]
    for title, note, found in (
        ("Answered wrong", "With another topic's answer, or where no answer should be given.", wrong),
        ("Not answered", "In scope, and asked back, declined, refused or met with safety.", others),
    ):
        yield page.misses(title, note, found, lambda each: _miss(each, neighbours))


def _miss(each: Answered, neighbours: Neighbours) -> Miss:
    line = each.line
    candidates = ", ".join(f"{one.topic} {one.confidence:.2f}" for one in each.candidates)
    near = (
        f"near to “{one.text}” ({one.topic}, {one.similarity:.2f})" for one in neighbours.nearest(line.text)
    )
    fair = f" or {', '.join(line.ambiguous_ok)}" if line.ambiguous_ok else ""
    return Miss(
        id=str(line.id),
        labels=[line.lang],
        text=line.text,
        verdict=f"{line.topic}{fair} expected; {each.outcome.value}, taken for {each.topic}",
        reasons=[*([f"candidates: {candidates}"] if candidates else []), *near],
    )
