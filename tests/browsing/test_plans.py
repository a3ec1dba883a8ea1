"""At 20,000 turns the lists are read from their indexes on both databases: no count, no sort of the table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from bot.browsing.filters import Filters, Given, Lacked, Opinion
from bot.browsing.listing import conversations
from bot.browsing.searching import Searcher
from bot.messages import Channel, Kind, Language, Level
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from tests.fixtures.clock import HandClock
from tests.fixtures.many import fill

ZONE = ZoneInfo("America/New_York")
TURNS = 20_000
FEW = 1_000
"""Rows that may be sorted after an index has found them; there are 2,500 conversations."""
FILTERS = {
    "everything": Filters(),
    "days": Filters(since=date(2026, 1, 3), until=date(2026, 2, 3)),
    "channel": Filters(channel=Channel.SMS),
    "language": Filters(language=Language.ES),
    "level": Filters(level=Level.CRISIS),
    "kind": Filters(kind=Kind.SUICIDE),
    "topic": Filters(topic="risks"),
    "a topic that nobody asked for": Filters(topic="nothing"),
    "declined": Filters(lacked=Lacked.DECLINED),
    "feedback": Filters(feedback=Opinion.UNHELPFUL),
    "reviewed": Filters(reviewed=Given.YES),
    "case": Filters(case=Given.YES),
    "several": Filters(channel=Channel.WEB, level=Level.CONCERN, case=Given.NO, reviewed=Given.NO),
}
INDEXES = "ix_conversation_|pk_conversation|ix_turn_(?:conversation_id|about)"
Statement = tuple[str, Any]


@contextmanager
def statements() -> Iterator[list[Statement]]:
    """Every SELECT that is sent meanwhile."""
    sent: list[Statement] = []

    def note(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if statement.startswith("SELECT"):
            sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


async def plan(database: Database, statement: Statement) -> str:
    async with database.reading() as session:
        connection = await session.connection()
        sqlite = connection.dialect.name == "sqlite"
        asked = f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{statement[0]}"
        rows = await connection.exec_driver_sql(asked, statement[1])
        return "\n".join(str(row[-1]) for row in rows)


def whole_table(explained: str) -> list[str]:
    """Lines of a plan that read all of a large table, or sort more of it than a few days."""
    read = re.findall(
        r"^SCAN (?:conversation|turn)\b(?!.*USING (?:COVERING )?INDEX).*$"
        r"|^.*Seq Scan on (?:conversation|turn)\b.*$"
        r"|^.*USE TEMP B-TREE FOR ORDER BY.*$",
        explained,
        re.MULTILINE,
    )
    sorts = re.findall(r"^\s*(?:->\s+)?Sort\b.*rows=(\d+).*$", explained, re.MULTILINE)
    return read + [rows for rows in sorts if int(rows) > FEW]


async def test_lists_and_searches_are_read_from_their_indexes(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await fill(database, ring, clock.now(), TURNS)
    async with database.transaction() as session:
        await session.execute(text("ANALYZE"))
    searcher = Searcher(database, ring, timedelta(seconds=20))
    for name, filters in FILTERS.items():
        with statements() as sent:
            async with database.reading() as session:
                page = await conversations(session, filters, ZONE)
                if page.next is not None:
                    await conversations(session, filters, ZONE, before=page.next)
            listed = [each for each in sent if "FROM conversation" in each[0]]
            assert len(listed) >= 2, name
            await searcher.search("zebra", filters, ZONE)
            searched = [each for each in sent if "turn.body" in each[0]]
        assert bool(searched) == bool(page.lines), name
        for statement in [*listed, *searched[:2]]:
            assert "count(" not in statement[0].lower()
            explained = await plan(database, statement)
            assert re.search(
                "ix_conversation_|pk_conversation|ix_turn_(?:conversation_id|about)", explained
            ), explained
            assert whole_table(explained) == [], f"{name}: {statement[0]}\n{explained}"


def test_a_plan_that_sorts_or_scans_is_noticed() -> None:
    for line in (
        "SCAN conversation",
        "USE TEMP B-TREE FOR ORDER BY",
        "Limit\n  ->  Sort  (cost=1..2 rows=2500 width=24)",
        "  ->  Seq Scan on turn  (cost=0.00)",
    ):
        assert whole_table(line)
    few = "  ->  Sort  (cost=1..2 rows=200 width=24)"
    for line in (few, "SCAN conversation USING INDEX ix_x", "  ->  Index Scan Backward using ix_y on turn"):
        assert not whole_table(line)


@pytest.mark.parametrize("window", [3, 50, 10_000])
async def test_pages_together_hold_every_conversation_once(
    database: Database, ring: KeyRing, clock: HandClock, window: int
) -> None:
    await fill(database, ring, clock.now(), 800)
    for filters, least in ((Filters(), 100), (Filters(channel=Channel.SMS), 5)):
        found, before, pages = [], None, 0
        async with database.reading() as session:
            while pages == 0 or before is not None:
                page = await conversations(session, filters, ZONE, before=before, limit=7, window=window)
                found += [line.id for line in page.lines]
                before, pages = page.next, pages + 1
        assert len(found) == len(set(found)) >= least
        if filters == Filters():
            assert len(found) == 100
