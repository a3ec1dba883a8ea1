"""The overview: figures of a span of days, charts of them, each number a link to its rows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from aiohttp import web

from bot.browsing.filters import Filters
from bot.overview.figures import Figures, figures
from bot.rates import Rate
from bot.review import drawing, words
from bot.review.desk import Desk, desk_of
from bot.review.rendering import page
from bot.review.transcripts import LIST

SPANS: Final = (7, 28, 90)
LONGEST: Final = 366
FRESH: Final = timedelta(seconds=60)
"""Figures are made once for a page and its charts."""
KEPT: Final = 8


@dataclass(slots=True)
class Made:
    """Figures that were made a moment ago, by their span; one at a time."""

    found: dict[tuple[date, date], tuple[datetime, Figures]] = field(default_factory=dict)
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)


MADE: Final = web.AppKey("overview", Made)


async def show_overview(request: web.Request) -> web.StreamResponse:
    """GET /overview"""
    desk = desk_of(request)
    since, until = _span(request.query, desk)
    found = await _figures(request, desk, since, until)
    today = desk.clock.now().astimezone(desk.times.zone).date()
    return page(
        request,
        "overview.html",
        figures=found,
        spans=[(days, today - timedelta(days=days - 1), today) for days in SPANS],
        link=lambda **more: _link(since, until, **more),
        day_link=lambda day: _link(day, day),
        share=_share,
        chart=words.as_query({"since": since, "until": until}),
    )


async def show_chart(request: web.Request) -> web.StreamResponse:
    """GET /overview/{chart}.svg"""
    desk, draw = desk_of(request), drawing.CHARTS.get(request.match_info["chart"])
    if draw is None:
        raise web.HTTPNotFound
    since, until = _span(request.query, desk)
    found = await _figures(request, desk, since, until)
    svg = await asyncio.to_thread(draw, found, dark=request.query.get("theme") == "dark")
    return web.Response(body=svg, content_type="image/svg+xml")


async def _figures(request: web.Request, desk: Desk, since: date, until: date) -> Figures:
    made, key, now = request.app[MADE], (since, until), desk.clock.now()
    async with made.alone:
        if key in made.found and now - made.found[key][0] < FRESH:
            return made.found[key][1]
        found = await desk.read(lambda session: figures(session, desk.ring, since, until, desk.times.zone))
        made.found[key] = now, found
        for old in list(made.found)[:-KEPT]:
            del made.found[old]
        return found


def _span(query: Mapping[str, str], desk: Desk) -> tuple[date, date]:
    """The days asked for; the last four weeks by default, and a year at most."""
    asked = Filters.parse(query)
    today = desk.clock.now().astimezone(desk.times.zone).date()
    until = min(asked.until or today, today + timedelta(days=1))
    since = asked.since or until - timedelta(days=27)
    return max(min(since, until), until - timedelta(days=LONGEST - 1)), until


def _link(since: date, until: date, **more: object) -> str:
    return f"{LIST}{words.as_query({'since': since, 'until': until, **more})}"


def _share(rate: Rate) -> str:
    """A share with what stands behind it, in words."""
    if rate.value is None or rate.interval is None:
        return "nothing reviewed yet"
    low, high = rate.interval
    return f"{rate.value:.1%} ({rate.count} of {rate.of}; 95 % interval {low:.1%} to {high:.1%})"
