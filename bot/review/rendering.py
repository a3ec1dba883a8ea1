"""Making pages: templates that escape everything, the same words everywhere, and error pages."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final

import aiohttp_jinja2
import jinja2
from aiohttp import web
from aiohttp.typedefs import Middleware

from bot.review import times, words
from bot.review.access import Handler, admit, visitor_of
from bot.review.arriving import undelivered
from bot.review.attached import attached
from bot.review.desk import Desk, desk_of
from bot.staff.roles import Role
from bot.transcripts.database import StorageError

log = logging.getLogger(__name__)

TEMPLATES: Final = Path(__file__).parent / "templates"
HEADERS: Final = {
    "Cache-Control": "no-store",
    # Without a referrer a browser would send forms with the origin "null", which nobody could check.
    "Referrer-Policy": "same-origin",
}
USUAL_REASONS: Final = frozenset(status.phrase for status in HTTPStatus)
STRICT_TRANSPORT: Final = "max-age=31536000; includeSubDomains"
SORRY: Final[Mapping[int, tuple[str, str]]] = {
    403: ("Not allowed", "You cannot do this."),
    404: ("Not found", "There is nothing at this address."),
    405: ("Not found", "There is nothing at this address."),
    409: ("Not done", "Somebody else was faster."),
    411: ("Not understood", "The form could not be read."),
    413: ("Too long", "That is more than a form may hold. Write less."),
    415: ("Not understood", "The form could not be read."),
    500: (
        "Something went wrong",
        "The page could not be made. The chat and its crisis cards are not affected.",
    ),
    503: (
        "The desk cannot reach the database",
        "The chat still answers every crisis with its card, and staff are paged directly. "
        "Call the clinic's on-call lead, then try again.",
    ),
}


def set_up_templates(app: web.Application, desk: Desk) -> None:
    """Let the application render our templates; one that uses an unknown value fails its page."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=desk.times.moment,
        clock_time=desk.times.time,
        date=desk.times.date,
        day=times.day,
        wait=times.wait,
        since=desk.times.since,
        until=desk.times.until,
        iso=datetime.isoformat,
        rule=words.rule,
        as_query=words.as_query,
        undelivered=undelivered,
        attached=attached,
    )
    environment.globals.update(
        {name.lower(): value for name, value in vars(words).items() if name.isupper()},
        clinic=desk.clinic,
        Role=Role,
    )


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page or a part of one."""
    desk, visitor = desk_of(request), visitor_of(request)
    context = {
        "csrf": visitor.csrf,
        "me": visitor.session,
        "now": desk.clock.now(),
        "said": words.SAID.get(request.query.get("said", ""), ""),
        "path": request.path,
        **values,
    }
    return aiohttp_jinja2.render_template(template, request, context, status=status)


def sorry(request: web.Request, status: int, reason: str = "") -> web.Response:
    """A page that says what went wrong, without a word of what was sent."""
    title, text = SORRY.get(status, SORRY[500])
    values = {"title": title, "text": f"{reason}." if reason else text, "status": status}
    return aiohttp_jinja2.render_template("sorry.html", request, values, status=status)


def guard() -> Middleware:
    """Admits requests, makes pages of errors, and sets the headers of every response."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await _guarded(request, handler)
        if not response.prepared:
            response.headers.update(HEADERS)
            if desk_of(request).behind_tls:
                response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
        return response

    return guarded


async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await admit(request, handler)
    except web.HTTPException as error:
        if error.status in (204, 303) or "HX-Redirect" in error.headers:
            return web.Response(status=error.status, headers=_location(error))
        return sorry(request, error.status, "" if error.reason in USUAL_REASONS else error.reason)
    except StorageError as error:
        log.warning("desk: %s", type(error).__name__)
        return sorry(request, 503)
    except Exception as error:
        place = extract_tb(error.__traceback__)[-1]
        # The error's own text may hold somebody's words.
        log.error("desk: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
        return sorry(request, 500)


def _location(error: web.HTTPException) -> dict[str, str]:
    return {name: error.headers[name] for name in ("Location", "HX-Redirect") if name in error.headers}
