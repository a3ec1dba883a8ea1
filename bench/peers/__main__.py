"""`python -m bench.peers FILE…`: our screen beside the published ones, in one table."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from bench import environment
from bench.peers import installing
from bench.peers.asking import Asked, ask
from bench.peers.catalogue import PEERS, Peer
from bench.peers.report import Column, Comparison
from bench.peers.scores import Part
from bench.processes import BenchError
from bot.evaluation.risk import read
from bot.settings import ROOT
from bot.text.fault import DataError

DEFAULT: Final = ROOT / "data" / "evaluation" / "risk.jsonl"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write all figures there.")
def main(files: Sequence[Path], json_file: Path | None) -> None:
    """Compare the risk screen with published offline detectors on FILES (data/evaluation/risk.jsonl).

    The files are those of 'harborline evaluate risk'; docs/evaluation.md tells the format.
    """
    try:
        parts = read_parts(files or [DEFAULT])
        comparison = asyncio.run(compare(parts))
    except DataError as error:
        # One line, with the remedy.
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(2) from error
    except BenchError as error:
        raise click.ClickException(str(error)) from error
    click.echo(str(comparison))
    if json_file is not None:
        json_file.write_text(comparison.to_json() + "\n", encoding="utf-8")


def read_parts(files: Sequence[Path]) -> list[Part]:
    """The lines of each file.

    Raises:
        DataError: With file, line and remedy of the first fault.
    """
    parts: list[Part] = []
    for file in files:
        first = sum(len(part.lines) for part in parts)
        parts.append(Part(file.name, read(file), first))
    return parts


async def compare(parts: Sequence[Part]) -> Comparison:
    """Ask everybody, one after another, so that none disturbs another.

    Raises:
        BenchError: The peers' environment cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="harborline-peers-") as folder:
        scratch = Path(folder)
        where = await environment.look(scratch)
        before = await environment.others()
        python = await installing.make(scratch)
        missing = await installing.install(PEERS, python, scratch)
        there = [peer for peer in PEERS if peer.name not in missing]
        columns = [Column(peer, await _ask(peer, python, parts, scratch)) for peer in there]
        after = await environment.others()
    return Comparison(where, (before, after), parts, columns, missing)


async def _ask(peer: Peer, python: Path, parts: Sequence[Part], scratch: Path) -> Asked:
    click.echo(f"  {peer.name} …", err=True)
    texts = [line.text for part in parts for line in part.lines]
    return await ask(peer.command(python), peer.levels, texts, scratch)


if __name__ == "__main__":
    main()
