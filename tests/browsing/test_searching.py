"""Searching encrypted words: what is found, how far a request gets, and what it must not keep waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.browsing.cursors import Cursor
from bot.browsing.filters import Filters, Given, moments
from bot.browsing.searching import Found, Searcher, SearchError, excerpt, searchable, terms
from bot.messages import Channel, Level, Risk
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, write

ZONE = ZoneInfo("America/New_York")
NOBODY = Risk()


async def everything(
    searcher: Searcher,
    asked: str,
    filters: Filters = Filters(),  # noqa: B008 - it is frozen
) -> tuple[list[str], int]:
    """What is found in the end, and in how many requests."""
    found, requests, before = [], 0, None
    while requests == 0 or before is not None:
        part: Found = await searcher.search(asked, filters, ZONE, before=before)
        found += [f"{hit.before}[{hit.found}]{hit.after}" for hit in part.hits]
        before, requests = part.next, requests + 1
    return found, requests


async def test_finds_words_in_any_spelling_newest_first(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    for text in ("Mi CORAZÓN late", "nothing here", "el corazon, otra vez", "corazon alone"):
        await write(database, ring, clock.now(), text, NOBODY)
        clock.advance(minutes=1)
    searcher = Searcher(database, ring)
    found, requests = await everything(searcher, "Corazón")
    assert found == ["[corazon] alone", "el [corazon], otra vez", "[]Mi CORAZÓN late"]
    assert requests == 1
    assert (await everything(searcher, "otra corazon"))[0] == ["el [corazon], otra vez"]
    assert (await everything(searcher, '"corazon alone"'))[0] == ["[corazon alone]"]
    assert (await everything(searcher, '"alone corazon"'))[0] == []


async def test_what_is_known_of_a_conversation_narrows_the_search(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await write(database, ring, clock.now(), "zebra one", NOBODY, channel=Channel.SMS, sender="+15550142")
    await write(database, ring, clock.now(), "zebra two", CRISIS)
    searcher = Searcher(database, ring)
    assert (await everything(searcher, "zebra", Filters(channel=Channel.SMS)))[0] == ["[zebra] one"]
    assert (await everything(searcher, "zebra", Filters(level=Level.CRISIS)))[0] == ["[zebra] two"]
    assert (await everything(searcher, "zebra", Filters(case=Given.NO)))[0] == ["[zebra] one"]
    assert (await everything(searcher, "zebra", Filters(since=date(2030, 1, 1))))[0] == []


async def test_a_request_stops_in_time_and_the_next_goes_on_where_it_stopped(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    for number in range(30):
        await write(database, ring, clock.now(), f"zebra {number}", NOBODY)
        clock.advance(minutes=1)

    def ticks() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += 0.1

    moment = ticks()
    searcher = Searcher(database, ring, tick=lambda: next(moment))
    found, requests = await everything(searcher, "zebra")
    assert [text.split()[1] for text in found] == [str(number) for number in reversed(range(30))]
    assert requests >= 10


async def test_the_loop_goes_on_and_the_budget_is_kept(
    sqlite_database: Database, ring: KeyRing, clock: HandClock
) -> None:
    from tests.fixtures.many import fill

    await fill(sqlite_database, ring, clock.now(), 40_000)
    searcher = Searcher(sqlite_database, ring, timedelta(milliseconds=250))
    loop, longest = asyncio.get_running_loop(), 0.0
    began = last = loop.time()
    search = asyncio.create_task(searcher.search("no such word", Filters(), ZONE))
    while not search.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, loop.time() - last), loop.time()
    assert search.result().searched > 500
    assert search.result().next is not None
    assert loop.time() - began < 1.0
    assert longest < 0.2


def test_what_cannot_be_searched_for_is_said() -> None:
    for asked in ("", " ", '""', "a", "x" * 201):
        with pytest.raises(SearchError):
            terms(asked)
    assert terms(" To  be “or not” be ") == ("or not", "to", "be")


def test_excerpts_are_pieces_of_the_text() -> None:
    text = "a" * 100 + " Zebra " + "b" * 100
    before, found, after = excerpt(text, ["zebra"])
    assert (before[0], found, after[-1]) == ("…", "Zebra", "…")
    assert searchable("ﬁne\u200b  ÉTÉ") == "fine ete"


def test_days_are_the_clinics_also_when_clocks_change() -> None:
    since, until = moments(Filters(since=date(2026, 3, 8), until=date(2026, 3, 8)), ZONE)
    assert since is not None
    assert until is not None
    assert until - since == timedelta(hours=24)  # by the wall; in truth it is 23
    assert (until.astimezone(ZoneInfo("UTC")) - since.astimezone(ZoneInfo("UTC"))) == timedelta(hours=23)


def test_an_address_is_read_leniently_and_written_back() -> None:
    query = {"since": "2026-03-08", "level": "crisis", "channel": "sms", "topic": "risks", "case": "no"}
    assert Filters.parse(query).query() == query
    odd = {"since": "yesterday", "level": "9", "channel": "pigeon", "topic": "x" * 500, "case": "perhaps"}
    assert Filters.parse(odd) == Filters()
    cursor = Cursor.parse("2026-03-02T12:00:00+00:00_" + "ab" * 16)
    assert cursor is not None
    assert Cursor.parse(str(cursor).replace("+", " ")) == cursor
    assert Cursor.parse("2026-03-02T12:00:00_" + "ab" * 16) is None
    assert Cursor.parse("x") is None
