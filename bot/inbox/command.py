"""`harborline nlu`: what was not understood, and how it becomes training data."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from bot.refusals import Refusal, refusals
from bot.settings import Settings, load

if TYPE_CHECKING:
    from bot.transcripts.unsettled import Unsettled


@click.group()
def nlu() -> None:
    """Work on how questions are understood."""


_days = click.option(
    "--days", type=click.IntRange(1), default=30, help="How far to look back; 30 if left out."
)


@nlu.command()
@_days
def inbox(days: int) -> None:
    """List messages that were declined, asked back, marked unhelpful or corrected; alike ones together.

    Names, numbers and addresses are taken out. Nothing is learned from them until 'harborline nlu assign'.
    The list holds people's words: keep it as safe as the database. That it was looked at is written into the
    audit log.
    """
    with refusals():
        settings = load().require_keys()
        from bot.encoders import shared
        from bot.inbox.listing import grouped, to_text

        click.echo(to_text(grouped(_fetch(settings, days), shared().encode)))


@nlu.command()
@click.argument("topic")
@click.argument("messages", nargs=-1, required=True)
@click.option("--text", help="What to write in place of the message, of which there must be one.")
@_days
def assign(topic: str, messages: tuple[str, ...], text: str | None, days: int) -> None:
    """Write MESSAGES, named as 'harborline nlu inbox' lists them, into data/nlu/TOPIC.yml as training data.

    Read them first: what is left of a name or a number, take out with --text. Then train:
    'harborline train --compare' keeps the present model where the new one would be worse.
    """
    with refusals():
        settings = load().require_keys()
        from bot.inbox.assigning import assign as write

        chosen = _chosen(_fetch(settings, days), messages)
        if text is not None and len(chosen) != 1:
            raise Refusal("--text stands for one message. Name only that one.")
        done = write(
            settings.data, topic, [" ".join(text.split())] if text else [each.text for each in chosen]
        )
        for line in done.written:
            click.echo(f"wrote {line}")
        for line in done.held:
            click.echo(f"left out, for data/ nearly holds it: {line}")
        click.echo(f"{len(done.written)} in {done.file}; now 'harborline train --compare'.", err=True)


@nlu.command()
@click.argument("messages", nargs=-1, required=True)
@_days
def dismiss(messages: tuple[str, ...], days: int) -> None:
    """Put MESSAGES, named as 'harborline nlu inbox' lists them, out of the inbox: they teach nothing.

    They stay in their transcripts and do not come back to the inbox. It is written into the audit log.
    """
    with refusals():
        settings = load().require_keys()
        from bot.clock import SystemClock
        from bot.inbox.dismissing import dismiss as put_out

        chosen = _chosen(_fetch(settings, days), messages)
        asyncio.run(put_out(settings, [each.turn for each in chosen], SystemClock().now()))
        click.echo(f"put {len(chosen)} out of the inbox")


def _fetch(settings: Settings, days: int) -> tuple[Unsettled, ...]:
    from bot.clock import SystemClock
    from bot.inbox.listing import fetch

    now = SystemClock().now()
    return asyncio.run(fetch(settings, now - timedelta(days=days), now))


def _chosen(found: Sequence[Unsettled], names: Sequence[str]) -> list[Unsettled]:
    chosen = []
    for name in names:
        fits = [each for each in found if each.turn.hex.startswith(name.lower())]
        if len(fits) != 1:
            problem = "names no message" if not fits else "names several messages"
            raise Refusal(f"'{name}' {problem} of the inbox. 'harborline nlu inbox' lists them.")
        chosen.append(fits[0])
    return chosen
