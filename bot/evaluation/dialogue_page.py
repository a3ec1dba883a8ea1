"""The page of `evaluate dialogues`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from bot.evaluation import charts, page
from bot.evaluation.charts import Series
from bot.evaluation.dialogue_scores import NAMES, DialoguesReport, rates
from bot.evaluation.dialogues import TurnResult
from bot.evaluation.page import Matrix, Miss, Page, Section, Tile
from bot.evaluation.risk import CONCERN, CRISIS, LEVELS, NONE, named
from bot.rates import share

_TITLES: Final = {"lang": "By language", "channel": "By channel", "expect_level": "By expected level"}


def dialogues_page(report: DialoguesReport) -> Page:
    """The report as a page."""
    crises = [each for each in report.results if each.line.expect_level == CRISIS]
    turns = rates(report.results)
    return Page(
        title="How well dialogues come out",
        subtitle=f"{report.file}: {len(report.dialogues):,} dialogues, content {report.version}",
        tiles=[
            Tile.of("turns passed", turns["turns_passed"]),
            Tile.of("crisis turns passed", share(not each.broken for each in crises)),
            Tile.of("topic as noted, not scored", turns["topic_right"]),
            Tile.of("language as noted, not scored", turns["reply_lang_right"]),
        ],
        sections=[
            *(_group(report, key, title) for key, title in _TITLES.items()),
            _matrix(report),
            page.latency([each.asked.seconds for each in report.results]),
            page.misses("Turns that did not pass", "With what came before them.", report.failed, _miss),
        ],
    )


def _group(report: DialoguesReport, key: str, title: str) -> Section:
    groups = {label: (len(group), rates(group)) for label, group in report.grouped(key).items()}
    passed = [found["turns_passed"] for _, found in groups.values()]
    alt = f"Turns passed {title.lower()}, with intervals; the figures are in the table."
    return Section(
        title,
        chart=charts.bars(alt, list(groups), [Series("turns passed", passed, charts.GOOD)]),
        table=page.rate_table(key.replace("_", " "), NAMES, groups),
    )


def _matrix(report: DialoguesReport) -> Section:
    counts = Counter(
        (each.line.expect_level, named(max(each.asked.level, each.asked.state)))
        for each in report.results
        if each.line.expect_level
    )
    right = {(CRISIS, CRISIS), (CONCERN, CRISIS), (CONCERN, CONCERN), (NONE, NONE), (NONE, CONCERN)}
    return Section(
        "Expected and found",
        "Turns by the expected level, and by the higher of the message's own and the conversation's. "
        "Where none is expected, a crisis state from an earlier turn is no fault.",
        matrix=Matrix(LEVELS, LEVELS, counts, frozenset(right)),
    )


def _miss(each: TurnResult) -> Miss:
    return Miss(
        id=f"{each.dialogue.id}, turn {each.number}",
        labels=[each.dialogue.channel.value, each.dialogue.lang],
        text=each.line.user,
        verdict="; ".join(each.broken),
        reasons=list(_reasons(each)),
        reply=each.reply or "(silence)",
    )


def _reasons(each: TurnResult) -> Iterator[str]:
    yield f"message {each.asked.level.name}, conversation {each.asked.state.name}, taken for {each.topic}"
    for before in each.dialogue.turns[: each.number][-3:]:
        yield f"before: “{before.user}”" if before.user else f"before: silence, {before.wait_before_s:,.0f} s"
