"""The commands for whoever writes and reviews content: `check`, `preview`, `content …`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.refusals import Refusal, refusals
from bot.settings import Settings, load

if TYPE_CHECKING:
    from bot.content import Content
    from bot.text.fault import Fault


@click.command()
@click.option("--utterances", is_flag=True, help="Also list utterances nearer to another topic (slower).")
def check(*, utterances: bool) -> None:
    """Check answers, cards, utterances, risk cues and rules; name every fault with file, line and remedy.

    With --utterances it also lists, as warnings, training utterances that are plainly nearer to another
    topic than to their own. Exit code: 1 with faults, 0 with warnings only.
    """
    with refusals():
        settings = load()
        from bot.checks import check as faults_of
        from bot.checks import warnings as gaps_of

        faults = faults_of(settings.data)
        _show(faults, "fault")
        for gap in gaps_of(settings.data):
            click.echo(f"warning: {gap}")
        if utterances:
            from bot.checks.nearness import warnings

            _show(warnings(settings.data), "warning")
        click.echo(_sign_off(settings), err=True)
        if faults:
            sys.exit(1)
        click.echo("Content, cards, utterances and risk cues are in order.")


def _sign_off(settings: Settings) -> str:
    from bot.content import examine

    content, _ = examine(settings.data)
    return replace(content, require_signed=settings.require_signed).sign_off if content else ""


def _show(faults: Sequence[Fault], name: str) -> None:
    for fault in faults:
        click.echo(str(fault))
    if faults:
        click.echo(f"{len(faults)} {name}{'s' if len(faults) > 1 else ''} found.", err=True)


@click.command()
@click.argument("topic")
def preview(topic: str) -> None:
    """Show TOPIC as people will see it: both languages, web and SMS, with source, reviewer and status."""
    with refusals():
        settings = load()
        from bot.curation.preview import preview as shown

        click.echo(shown(_examined(settings), topic))


@click.group()
def content() -> None:
    """Work on the curated texts."""


@content.command()
@click.argument("topic")
@click.option("--reviewer", required=True, help="Who read the texts and signs for them.")
def sign(topic: str, reviewer: str) -> None:
    """Sign the texts of TOPIC: reviewer, today's date, status and hash; refused while check finds faults."""
    with refusals():
        settings = load()
        from bot.clock import SystemClock
        from bot.curation.signing import sign as sign_texts

        today = SystemClock().now().astimezone().date()
        for name in sign_texts(settings.data, topic, reviewer=reviewer, on=today):
            click.echo(f"signed {name}: {reviewer.strip()}, {today.isoformat()}")


@content.command()
@click.argument("topic", required=False)
def stamp(topic: str | None) -> None:
    """Mark the texts of TOPIC (or of all topics) as the ones meant, after you changed them."""
    with refusals():
        settings = load()
        from bot.content.stamp import stamp as stamp_content

        stamped = stamp_content(settings.data, topic)
        for name in stamped:
            click.echo(f"stamped {name}")
        if not stamped:
            click.echo("Every hash is as it should be.")


@content.command()
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page to this file.")
def report(html: Path | None) -> None:
    """List where every text comes from: section, authority, status, reviewer; as a table, or as a page."""
    with refusals():
        settings = load()
        from bot.curation.report import page, table

        examined = replace(_examined(settings), require_signed=settings.require_signed)
        if html is None:
            click.echo(table(examined))
            return
        try:
            html.write_text(page(examined), encoding="utf-8")
        except OSError as error:
            raise Refusal(f"{html} cannot be written: {error.strerror}. Give another file.") from error
        click.echo(f"Wrote {html}", err=True)


def _examined(settings: Settings) -> Content:
    """The content as far as it can be read; a clinician looks at a text before its faults are gone."""
    from bot.content import ContentError, examine

    found, faults = examine(settings.data)
    if found is None:
        raise ContentError(tuple(faults))
    if faults:
        click.echo(f"Faults in data/: {len(faults)}. Run 'harborline check'.", err=True)
    return found
