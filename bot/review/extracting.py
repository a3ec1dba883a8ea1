"""Files of conversations for admins: streamed, scrubbed unless they insist, and always written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from aiohttp import web

from bot.audit import Act, record
from bot.browsing.filters import Filters
from bot.extracts import cells
from bot.extracts.rows import COLUMNS, Row, turns
from bot.review.access import visitor_of
from bot.review.desk import desk_of
from bot.review.rendering import HEADERS
from bot.text.scrub import scrub

Write = Callable[[Sequence[Row]], bytes]
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""Tells spreadsheets that the file is UTF-8."""


async def do_extract(request: web.Request) -> web.StreamResponse:
    """POST /transcripts/export"""
    desk, staff, form = desk_of(request), visitor_of(request).staff, await request.post()
    query = {name: str(value) for name, value in form.items()}
    filters, as_csv = Filters.parse(query), query.get("format") != "jsonl"
    whole = query.get("words") == "whole"
    detail = {"filters": filters.query(), "format": "csv" if as_csv else "jsonl", "scrubbed": not whole}
    await desk.write(
        lambda session: record(
            session, desk.ring, Act.EXPORTED, desk.clock.now(), staff=staff.staff, detail=detail
        )
    )
    clean = None if whole else partial(scrub, known=desk.known_words())
    response = web.StreamResponse(headers=_headers(as_csv))
    await response.prepare(request)
    await response.write(BYTE_ORDER_MARK + cells.row(COLUMNS) if as_csv else b"")
    write: Write = _csv if as_csv else _json_lines
    async for part in turns(desk.database, desk.ring, filters, desk.times.zone, clean=clean):
        await response.write(write(part))
    await response.write_eof()
    return response


def _headers(as_csv: bool) -> Mapping[str, str]:
    kind = "text/csv; charset=utf-8; header=present" if as_csv else "application/x-ndjson; charset=utf-8"
    name = f"conversations.{'csv' if as_csv else 'jsonl'}"
    return {**HEADERS, "Content-Type": kind, "Content-Disposition": f'attachment; filename="{name}"'}


def _csv(rows: Sequence[Row]) -> bytes:
    return b"".join(cells.row([row[column] for column in COLUMNS]) for row in rows)


def _json_lines(rows: Sequence[Row]) -> bytes:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode("utf-8", "replace")
