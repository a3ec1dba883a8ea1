"""The commands for whoever writes and reviews content: `check`, `preview`, `content …`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from bot.refusals import refusals
from bot.settings import load

if TYPE_CHECKING:
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

        faults = faults_of(settings.data)
        _show(faults, "fault")
        if utterances:
            from bot.checks.nearness import warnings

            _show(warnings(settings.data), "warning")
        if faults:
            sys.exit(1)
        click.echo("Content, cards, utterances and risk cues are in order.")


def _show(faults: Sequence[Fault], name: str) -> None:
    for fault in faults:
        click.echo(str(fault))
    if faults:
        click.echo(f"{len(faults)} {name}{'s' if len(faults) > 1 else ''} found.", err=True)


@click.group()
def content() -> None:
    """Work on the curated texts."""


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
