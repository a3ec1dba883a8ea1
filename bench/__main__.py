"""`python -m bench`: measure Harborline and stock Rasa, and print the tables."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

import aiohttp
import click

from bench import environment, sizes
from bench.plan import FULL, QUICK, Plan
from bench.processes import BenchError
from bench.report import Report
from bench.run import Bench, harborline_measured, stock_measured
from bot.text.fault import DataError

REQUEST: Final = aiohttp.ClientTimeout(total=30)
REMEDY: Final = "Is the model trained? 'harborline train' does it, and 'make bench' before it begins."


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="Small counts, for trying out; the figures mean little.")
@click.option("--no-stock", is_flag=True, help="Leave stock Rasa out.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Also write all figures there.")
def main(quick: bool, no_stock: bool, json_file: Path | None) -> None:
    """Measure latency, throughput, cold start and memory beside stock Rasa; docs/benchmarks.md says how."""
    try:
        report = asyncio.run(_run(QUICK if quick else FULL, with_stock=not no_stock))
    except (BenchError, DataError, aiohttp.ClientError) as error:
        raise click.ClickException(f"{error}\n{REMEDY}") from error
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
    click.echo(f"\n{report}")
    if json_file is not None:
        json_file.write_text(report.to_json() + "\n", encoding="utf-8")


async def _run(plan: Plan, *, with_stock: bool) -> Report:
    _stop_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="harborline-bench-") as scratch:
        where = await environment.look(Path(scratch))
        before = await environment.others()
    click.echo(str(where))
    # Every sender has a connection of its own, as on as many devices.
    async with aiohttp.ClientSession(timeout=REQUEST, connector=aiohttp.TCPConnector(limit=0)) as session:
        bench = Bench.prepare(plan, session, lambda line: click.echo(f"  {line} …", err=True))
        systems = [await harborline_measured(bench)]
        if with_stock:
            systems.append(await stock_measured(bench))
    return Report(where, (before, await environment.others()), sizes.look(), systems)


def _stop_on_sigterm() -> None:
    """Unwind as on Ctrl-C, so that the servers are stopped; `asyncio.run` sees to SIGINT itself."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)


if __name__ == "__main__":
    main()
