"""The commands of the SMS channel: `sms-simulator`, `sms-setup`, `doctor sms`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bot.cli_embed import doctor
from bot.refusals import Refusal, refusals
from bot.settings import ROOT, Settings, SettingsError, load

DOCS = ROOT / "docs" / "sms"


@click.command("sms-simulator")
@click.option("--terminal", is_flag=True, help="In the terminal instead of a page.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8010, help="Of the page and the API.")
@click.option("--url", help="Text a server that runs already, with its settings; by default a rehearsal.")
@click.option("--plain", is_flag=True, help="Without Advanced Opt-Out: Harborline answers STOP and HELP.")
def sms_simulator(*, terminal: bool, port: int, url: str | None, plain: bool) -> None:
    """Try the SMS channel without an account: a phone in the browser, texting as Twilio would.

    By default it rehearses: a Harborline of its own answers, nothing is kept and nobody is paged. With --url
    it texts a running server, signed with HARBORLINE_TWILIO_AUTH_TOKEN; set HARBORLINE_TWILIO_API_URL there
    to this simulator's address, and its texts arrive here too.
    """
    with refusals():
        settings = load()
        from bot.logs import configure_logs

        configure_logs()
        asyncio.run(_simulate(settings, terminal=terminal, port=port, url=url, advanced=not plain))


async def _simulate(
    settings: Settings, *, terminal: bool, port: int, url: str | None, advanced: bool
) -> None:
    from bot.simulator import running
    from bot.simulator.terminal import PROMPT, talk

    click.echo("Starting …", err=True)
    at = 0 if terminal else port
    async with running.simulate(settings, port=at, url=url, advanced=advanced) as simulation:
        if terminal:
            await talk(simulation, lambda: input(PROMPT), click.echo)
            return
        click.echo(f"The phone is at http://127.0.0.1:{port}")
        await running.for_ever()


@click.command("sms-setup")
@click.option(
    "--write",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    is_flag=False,
    flag_value=DOCS,
    help="Write the files into this folder; docs/sms without a name.",
)
def sms_setup(folder: Path | None) -> None:
    """Print the texts that are kept at the provider: the fallback TwiML and the Advanced Opt-Out texts.

    They are made from data/, in English and Spanish, with 988, 911 and the clinic's line.
    """
    with refusals():
        settings = load()
        from bot.content import load as load_content
        from bot.curation.carrier_texts import files, write

        content = load_content(settings.data)
        if folder is None:
            for name, text in files(content).items():
                click.echo(f"--- {name}\n{text}")
            return
        try:
            for file in write(content, folder):
                click.echo(f"Wrote {file}", err=True)
        except OSError as error:
            raise Refusal(f"{folder} cannot be written: {error.strerror}. Give another folder.") from error


@doctor.command("sms")
@click.option("--url", help="Where the provider calls; by default HARBORLINE_PUBLIC_URL.")
@click.option("--fallback", help="The address of the fallback file, to look at it too.")
def doctor_sms(url: str | None, fallback: str | None) -> None:
    """Text the server through its public address, signed as Twilio would, and look at what comes back.

    The text is marked as a check: it is answered like a crisis and pages nobody. A forged one must be
    refused. With --fallback it also looks for the clinic's line, 988 and 911 in the fallback file.
    """
    with refusals():
        settings = load()
        from bot.channels.sms.doctor import DoctorError, examine
        from bot.content import load as load_content

        if not settings.twilio_auth_token:
            raise SettingsError("HARBORLINE_TWILIO_AUTH_TOKEN is not set, so nothing could be signed.")
        address = (url or settings.base_url).rstrip("/")
        content = load_content(settings.data)
        token = settings.twilio_auth_token[0]
        try:
            asyncio.run(examine(address, token, content, fallback=fallback, tell=click.echo))
        except DoctorError as error:
            raise click.ClickException(str(error)) from error
