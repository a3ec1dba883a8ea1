"""Commands for whoever puts the chat on a page: `embed` and `doctor page`."""

from __future__ import annotations

import asyncio
import sys

import click

from bot.refusals import Refusal, refusals
from bot.settings import load

HOST_HELP = "Where the chat is served; by default HARBORLINE_PUBLIC_URL."


@click.command()
@click.option(
    "--language", type=click.Choice(["en", "es"]), default="en", help="Of the plain crisis lines in it."
)
@click.option("--host", help=HOST_HELP)
def embed(language: str, host: str | None) -> None:
    """Print the HTML that puts the chat on a page, with the crisis lines for visitors without the script."""
    with refusals():
        settings = load()
        from bot.content import load as load_content
        from bot.content.snippet import snippet
        from bot.messages import Language

        content = load_content(settings.data)
        click.echo(snippet(content, Language(language), host=(host or settings.base_url).rstrip("/")))


@click.group()
def doctor() -> None:
    """Look whether things outside of this program are as they should be."""


@doctor.command()
@click.argument("url")
@click.option("--host", help=HOST_HELP)
def page(url: str, host: str | None) -> None:
    """Compare the page at URL with what 'harborline embed' prints; name every fault (exit code 1).

    It looks for the script's tag, for the crisis lines as plain HTML with the numbers of data/clinic.yml,
    whether the page's Content-Security-Policy admits script and chat, and whether the page may use the API.
    """
    with refusals():
        settings = load()
        from bot.content import load as load_content
        from bot.embedding.examining import examine
        from bot.embedding.fetching import UnreachableError, fetch

        content = load_content(settings.data)
        try:
            fetched = asyncio.run(fetch(url))
        except UnreachableError as error:
            raise Refusal(f"{error}. Give the address of a page that is there.") from error
        site = (host or settings.base_url).rstrip("/")
        faults = examine(fetched, content, host=site, origins=settings.allowed_origins)
        for fault in faults:
            click.echo(fault)
        if faults:
            sys.exit(1)
        click.echo("The page has the chat and the crisis lines as they should be.")
