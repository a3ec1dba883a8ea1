"""The `harborline` command. Each subcommand imports what it needs when it runs, so that all start fast."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli_content import check, content, preview
from bot.cli_embed import doctor, embed
from bot.cli_sms import sms_setup, sms_simulator
from bot.cli_staff import audit, demo, purge, staff
from bot.evaluation.command import evaluate
from bot.inbox.command import nlu
from bot.refusals import Refusal, refusals
from bot.settings import Settings, load

if TYPE_CHECKING:
    from bot.messages import Risk


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="harborline", prog_name="harborline")
def main() -> None:
    """Harborline answers from curated content and hands anyone at risk to the clinic's 24/7 line."""


@main.command()
def serve() -> None:
    """Run the web server.

    It listens at once, with the safety cards alone, and loads the dialogue engine behind them.
    """
    with refusals():
        settings = load().require_keys()
        from bot.app import run

        run(settings)


@main.command()
@click.option("--if-stale", is_flag=True, help="Only when the data changed since the last training.")
@click.option("--compare", is_flag=True, help="Keep the present model where the new one does worse.")
def train(if_stale: bool, compare: bool) -> None:
    """Train the model and the learned layer of risk from data/ (two minutes).

    With --compare, both models answer the test utterances of data/evaluation/faq.jsonl first; a new one
    that fails at more of them, or lets through one that must not be answered, is not installed, and the
    command says where it fails and ends with exit code 1.
    """
    with refusals():
        from bot import model
        from bot.teaching import teach

        settings = load()
        if compare and settings.model.is_file():
            from bot.evaluation.golden import train_if_better

            due = not if_stale or model.is_stale(settings.model, settings.data)
            if due and not train_if_better(settings, progress=lambda line: click.echo(f"  {line}", err=True)):
                sys.exit(1)
            if_stale = True
        teach(settings, if_stale=if_stale, tell=lambda line: click.echo(line, err=True))


@main.command()
@click.option("--language", type=click.Choice(["en", "es"]), default="en", help="The language to begin in.")
def chat(language: str) -> None:
    """Talk to the bot in the terminal. A rehearsal: nothing is kept and nobody is paged."""
    with refusals():
        settings = load()
        from bot.channels.terminal import chat as talk
        from bot.messages import Language

        asyncio.run(talk(settings, Language(language)))


@main.command()
@click.argument("text")
@click.option("--rules-only", is_flag=True, help="Without the learned layer.")
def screen(text: str, rules_only: bool) -> None:
    """Show what the risk screen finds in TEXT, and why."""
    with refusals():
        settings = load()
        from bot.risk import Screener
        from bot.risk.explain import explain
        from bot.text import clean

        screener = Screener.load(settings.data / "risk")
        words = clean(text)
        risk = screener.screen(words)
        risk, likeness = (risk, "") if rules_only else _second_look(settings, words, risk)
        click.echo(explain(words, risk, screener))
        if likeness:
            click.echo(likeness)


def _second_look(settings: Settings, words: str, risk: Risk) -> tuple[Risk, str]:
    """The risk with the learned layer's part in it, and what to say of that part."""
    if not settings.learned.is_dir():
        return risk, "learned    not trained: run 'harborline train'"
    from bot.encoders import shared
    from bot.risk.examples import FOLDER, load_examples
    from bot.risk.explain import explain_finding
    from bot.risk.learned import LearnedLayer
    from bot.risk.raising import raised

    finding = LearnedLayer.load(settings.learned, shared()).judge(words)
    examples = load_examples(settings.data / "risk" / FOLDER)
    return raised(risk, finding, words=len(words.split())), explain_finding(finding, risk.level, examples)


@main.command()
@click.option("--once", is_flag=True, help="One beat, for cron; by default one every five minutes.")
@click.option("--url", help="Where people reach the server; by default HARBORLINE_PUBLIC_URL.")
def heartbeat(once: bool, url: str | None) -> None:
    """Send an invented crisis message over the real way, and page staff when its card does not come."""
    with refusals():
        settings = load()
        from bot.beating import beat_for_ever, beat_once

        if not once:
            asyncio.run(beat_for_ever(settings, url))
        elif problem := asyncio.run(beat_once(settings, url)):
            raise click.ClickException(problem)
        click.echo("The crisis path works.")


@main.command()
@click.option("--conversation", help="Only this one; by default all.")
def export(conversation: str | None) -> None:
    """Write conversations, decrypted, to standard output: one JSON object a line."""
    with refusals():
        settings = load().require_keys()
        from bot.exporting import export as write_export

        asyncio.run(write_export(settings, conversation, sys.stdout))


@main.command()
def referrals() -> None:
    """Print how often crisis numbers were given, by month: what the protocol promises to publish."""
    with refusals():
        settings = load().require_keys()
        from bot.publishing import referrals_by_month

        for month, number in asyncio.run(referrals_by_month(settings)).items():
            click.echo(f"{month} {number}")


@main.command()
@click.option("--write", is_flag=True, help="Write it into a new .env file.")
@click.option("--write-if-missing", is_flag=True, help="The same, but nothing where .env exists.")
def key(write: bool, write_if_missing: bool) -> None:
    """Print a fresh key for HARBORLINE_KEYS."""
    from bot.transcripts.encryption import make_key

    env_file = Path(".env")
    if write_if_missing and (env_file.exists() or "HARBORLINE_KEYS" in os.environ):
        return
    if not write and not write_if_missing:
        click.echo(make_key())
        return
    try:
        made = os.open(env_file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise Refusal(f"{env_file} cannot be made: {error.strerror}. Move it away or edit it.") from error
    with os.fdopen(made, "w", encoding="utf-8") as file:
        file.write("# Without this key the transcripts cannot be read: keep it safe.\n")
        file.write(f"HARBORLINE_KEYS={make_key()}\n")
    click.echo(f"Wrote {env_file} with a fresh key.", err=True)


@main.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def rasa(arguments: tuple[str, ...]) -> None:
    """Run a stock Rasa command, without TensorFlow: harborline rasa shell, rasa run actions, …"""
    with refusals():
        from bot.rasa_compat.cli import main as stock

        stock(list(arguments))


for command in (
    audit,
    check,
    content,
    demo,
    doctor,
    embed,
    evaluate,
    nlu,
    preview,
    purge,
    sms_setup,
    sms_simulator,
    staff,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
