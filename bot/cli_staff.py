"""Commands about people who log in, and about what they did: staff, audit, demo."""

from __future__ import annotations

import asyncio
import sys

import click

from bot.refusals import Refusal, refusals
from bot.settings import load


@click.group()
def staff() -> None:
    """Who may log in to the staff pages: add, list, disable, reset."""


@staff.command("add")
@click.argument("login")
@click.option(
    "--role", type=click.Choice(["reviewer", "clinician", "admin"]), required=True, help="What they may do."
)
@click.option("--name", default="", help="As colleagues read it; by default the login.")
def staff_add(login: str, role: str, name: str) -> None:
    """Make an account for LOGIN, and print the one-time link that its owner sets it up with."""
    with refusals():
        from bot import administration
        from bot.staff.roles import Role

        link = asyncio.run(administration.add(load().require_keys(), login, Role(role), name))
        click.echo(f"Give this link to {login} by a way that only they can read. It works once, for 3 days.")
        click.echo(link)


@staff.command("list")
def staff_list() -> None:
    """List the accounts: role, whether they are set up, how often they are logged in."""
    with refusals():
        from bot import administration

        lines = asyncio.run(administration.table(load().require_keys()))
        for line in lines or ["There are no accounts. 'harborline staff add' makes one."]:
            click.echo(line)


@staff.command("disable")
@click.argument("login")
def staff_disable(login: str) -> None:
    """Keep LOGIN out from now on; every session of theirs ends at once."""
    with refusals():
        from bot import administration

        asyncio.run(administration.disable(load().require_keys(), login))
        click.echo(f"{login} is disabled and logged out.")


@staff.command("reset")
@click.argument("login")
def staff_reset(login: str) -> None:
    """Take password and second factor from LOGIN, and print a new one-time link."""
    with refusals():
        from bot import administration

        click.echo(asyncio.run(administration.reset(load().require_keys(), login)))


@click.group()
def audit() -> None:
    """The audit log: who read what, who changed what."""


@audit.command("verify")
def audit_verify() -> None:
    """Find entries of the audit log that were changed, removed, or cut off its end (exit code 1)."""
    with refusals():
        from bot import administration

        found = asyncio.run(administration.verify_audit(load().require_keys()))
        for fault in found.faults:
            click.echo(fault)
        if found.faults:
            sys.exit(1)
        click.echo(f"{found.entries} entries are in order, and fit {found.marks} marks of the anchor.")


@click.group()
def demo() -> None:
    """Try Harborline with invented people."""


@demo.command("seed")
def demo_seed() -> None:
    """Fill an empty database with invented conversations and cases, and make accounts to look at them."""
    with refusals():
        from bot.demo import seed

        for line in asyncio.run(seed(load().require_keys())):
            click.echo(line)


@click.command()
@click.option("--conversation", help="Everything of the person of this conversation, whatever its age.")
@click.option("--number", help="Everything of the person with this number, as +14075550142.")
@click.option("--really", is_flag=True, help="Delete it; without this it is only said what would be.")
def purge(conversation: str | None, number: str | None, really: bool) -> None:
    """Delete conversations that are older than they may be, or everything of one person.

    How long they are kept stands in HARBORLINE_KEEP_DAYS and HARBORLINE_KEEP_CASE_DAYS. A server that runs
    does the same by itself once a day.
    """
    with refusals():
        from bot import purging

        settings = load().require_keys()
        if conversation and number:
            raise Refusal("Give --conversation or --number, not both.")
        work = (
            purging.purge_one(settings, conversation=conversation, number=number, really=really)
            if conversation or number
            else purging.purge_due(settings, really=really)
        )
        for line in asyncio.run(work):
            click.echo(line)
