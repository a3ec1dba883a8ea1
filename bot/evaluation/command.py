"""`harborline evaluate`: the commands that measure. What they need is imported when one runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from bot.evaluation.nlu_command import nlu
from bot.refusals import Refusal, refusals
from bot.settings import Mode, Settings, load

if TYPE_CHECKING:
    from bot.evaluation.dialogue_scores import DialoguesReport
    from bot.evaluation.dialogues import Dialogue
    from bot.evaluation.faq import FaqLine
    from bot.evaluation.faq_scores import FaqReport
    from bot.messages import Risk
    from bot.risk import Screener


class Report(Protocol):
    """What an evaluation found."""

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON values."""
        ...

    def to_text(self) -> str:
        """Tables for the terminal."""
        ...


@click.group()
def evaluate() -> None:
    """Measure the bot on a file of judged lines.

    On a temporary database with a key of its own: nothing is kept and nobody is paged. The model is
    trained first when it is missing or the data changed. docs/evaluation.md tells the formats.
    """


evaluate.add_command(nlu)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for decorate in (
        click.option(
            "--html", type=click.Path(path_type=Path), metavar="FILE", help="Also write a page to look at."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of tables."),
        click.argument("file", type=click.Path(path_type=Path)),
    ):
        command = decorate(command)
    return command


@evaluate.command()
@_options
@click.option("--rules-only", is_flag=True, help="The rules of data/risk alone; needs no trained model.")
def risk(file: Path, as_json: bool, html: Path | None, rules_only: bool) -> None:
    """How many crises the screen notices, and how many false alarms it raises.

    FILE holds lines {"id", "text", "lang", "expected": "crisis|concern|none"} and, if you like,
    "category", "tier" and "also_ok": [...], other levels that are fair too.
    """
    with _evaluating(html) as settings:
        from bot.evaluation.risk import read, screen
        from bot.evaluation.risk_scores import RiskReport
        from bot.risk import Screener

        lines = read(file)
        if not rules_only:
            _train_if_stale(settings)
        screener = Screener.load(settings.data / "risk")
        found = screen(lines, screener.screen if rules_only else _both(screener, settings))
        # What the rules decide alone is never shown to the learned layer, and names no version of it.
        version = max((each.risk.version for each in found), key=len, default=screener.version)
        report = RiskReport(file.name, version, found)
        if html is not None:
            from bot.evaluation import page
            from bot.evaluation.risk_page import risk_page

            page.write(risk_page(report, screener), html)
    _print(report, as_json=as_json)


def _both(screener: Screener, settings: Settings) -> Callable[[str], Risk]:
    from bot.encoders import shared
    from bot.evaluation.screening import rules_and_learned
    from bot.risk.learned import LearnedLayer

    return rules_and_learned(screener, LearnedLayer.load(settings.learned, shared()))


@evaluate.command()
@_options
def faq(file: Path, as_json: bool, html: Path | None) -> None:
    """How many questions get their answer, and what else happens to them.

    FILE holds lines {"id", "text", "lang", "topic"} and, if you like, "ambiguous_ok": [...], other topics
    whose answer would do. Each line is the first message of a conversation of its own.
    """
    with _evaluating(html) as settings:
        from bot.evaluation.faq import read

        lines = read(file)
        _train_if_stale(settings)
        report = asyncio.run(_ask(settings, file.name, lines))
        if html is not None:
            _write_faq_page(report, settings, html)
    _print(report, as_json=as_json)


async def _ask(settings: Settings, name: str, lines: Sequence[FaqLine]) -> FaqReport:
    from bot.evaluation.asking import rehearsal
    from bot.evaluation.faq import ask, must_not_answer
    from bot.evaluation.faq_scores import FaqReport

    async with rehearsal(settings) as asking:
        content = asking.services.content
        return FaqReport(name, content.version, must_not_answer(content), await ask(lines, asking))


def _write_faq_page(report: FaqReport, settings: Settings, html: Path) -> None:
    from bot.encoders import shared
    from bot.evaluation import page
    from bot.evaluation.curve import chosen_threshold
    from bot.evaluation.faq_page import faq_page
    from bot.evaluation.nearest import Neighbours

    neighbours = Neighbours(settings.data, shared())
    page.write(faq_page(report, chosen_threshold(settings.model), neighbours), html)


@evaluate.command()
@_options
def dialogues(file: Path, as_json: bool, html: Path | None) -> None:
    """How many turns of whole dialogues come out as they must.

    FILE holds one dialogue a line: {"id", "channel": "web|sms", "lang", "turns": [{"user", "expect_level",
    "must": [...], "must_not": [...]}]}. 30 s pass between turns unless "wait_before_s" says otherwise.
    """
    with _evaluating(html) as settings:
        from bot.evaluation.dialogues import read

        read_dialogues = read(file)
        _train_if_stale(settings)
        report = asyncio.run(_drive(settings, file.name, read_dialogues))
        if html is not None:
            from bot.evaluation import page
            from bot.evaluation.dialogue_page import dialogues_page

            page.write(dialogues_page(report), html)
    _print(report, as_json=as_json)


async def _drive(settings: Settings, name: str, read_dialogues: Sequence[Dialogue]) -> DialoguesReport:
    from bot.evaluation.asking import rehearsal
    from bot.evaluation.dialogue_scores import DialoguesReport
    from bot.evaluation.dialogues import MovedClock, drive

    clock = MovedClock()
    async with rehearsal(settings, clock=clock) as asking:
        version = asking.services.content.version
        return DialoguesReport(name, version, read_dialogues, await drive(read_dialogues, asking, clock))


@contextlib.contextmanager
def _evaluating(html: Path | None) -> Iterator[Settings]:
    """The settings to evaluate with; whatever libraries print meanwhile goes to standard error."""
    with refusals(), contextlib.redirect_stdout(sys.stderr):
        if html is not None and not html.resolve().parent.is_dir():
            raise Refusal(f"{html} cannot be written: there is no such folder. Make it first.")
        yield replace(load(), mode=Mode.FULL)


def _train_if_stale(settings: Settings) -> None:
    from bot.teaching import teach

    teach(settings, if_stale=True, tell=lambda line: click.echo(line, err=True))


def _print(report: Report, *, as_json: bool) -> None:
    click.echo(json.dumps(report.to_json(), ensure_ascii=False) if as_json else report.to_text())
