"""The desk as an application of its own below `/staff`: every route, and who may use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from aiohttp import web

from bot.audit.anchor import Anchor
from bot.live import Changes
from bot.review import (
    auditing,
    casepage,
    casework,
    entering,
    extracting,
    joining,
    judging,
    oncall,
    opinions,
    overviewing,
    people,
    queueing,
    reviewpage,
    streaming,
    transcripts,
)
from bot.review.access import PREFIX, Access, Handler
from bot.review.desk import DESK, Desk
from bot.review.keeping import Announce, keep
from bot.review.rendering import guard, page, set_up_templates


@dataclass(frozen=True, slots=True)
class Route:
    """One route, below `/staff`, and who may use it."""

    method: str
    path: str
    handler: Handler
    access: Access


async def _show_help(request: web.Request) -> web.StreamResponse:
    """GET /help: what the words and keys of the desk mean."""
    return page(request, "help.html")


CASE: Final = "/cases/{case}"
TALK: Final = "/transcripts/{conversation}"
MESSAGE: Final = "/review/messages/{turn}"
PERSON: Final = "/people/{login}"
ROUTES: Final = (
    Route("GET", "", queueing.show_home, Access.ANYBODY),
    Route("GET", "/", queueing.show_home, Access.ANYBODY),
    Route("GET", "/login", entering.show_login, Access.ANYBODY),
    Route("POST", "/login", entering.do_login, Access.ANYBODY),
    Route("GET", "/setup/{token}", entering.show_setup, Access.ANYBODY),
    Route("POST", "/setup/{token}", entering.do_setup, Access.ANYBODY),
    Route("GET", "/setup/{token}/code.svg", entering.show_qr_code, Access.ANYBODY),
    Route("GET", "/locked", entering.show_locked, Access.ALARMS),
    Route("GET", "/live", streaming.show_live, Access.ALARMS),
    Route("POST", "/logout", entering.do_logout, Access.ALARMS),
    Route("GET", "/queue", queueing.show_queue, Access.READ),
    Route("GET", "/queue/list", queueing.show_list, Access.READ),
    Route("GET", "/here", casepage.show_here, Access.READ),
    Route("POST", "/next", queueing.do_take_next, Access.TAKE),
    Route("GET", "/closed", queueing.show_closed, Access.READ),
    Route("GET", "/conversations/{conversation}", casepage.show_conversation, Access.READ),
    Route("GET", CASE, casepage.show_case, Access.READ),
    Route("GET", f"{CASE}/transcript", casepage.show_transcript, Access.READ),
    Route("GET", f"{CASE}/print", casepage.show_print, Access.TAKE),
    Route("POST", f"{CASE}/take", casework.do_take, Access.TAKE),
    Route("POST", f"{CASE}/keep", casework.do_keep, Access.TAKE),
    Route("POST", f"{CASE}/release", casework.do_release, Access.TAKE),
    Route("POST", f"{CASE}/note", casework.do_note, Access.TAKE),
    Route("POST", f"{CASE}/close", casework.do_close, Access.TAKE),
    Route("POST", f"{CASE}/reopen", casework.do_reopen, Access.TAKE),
    Route("POST", f"{CASE}/reveal", casework.do_reveal, Access.TAKE),
    Route("GET", "/transcripts", transcripts.show_transcripts, Access.READ),
    Route("POST", "/transcripts/search", transcripts.do_search, Access.READ),
    Route("POST", "/transcripts/export", extracting.do_extract, Access.MANAGE),
    Route("GET", TALK, transcripts.show_conversation, Access.READ),
    Route("POST", f"{TALK}/reveal", transcripts.do_reveal, Access.TAKE),
    Route("POST", f"{TALK}/join", joining.do_join, Access.TAKE),
    Route("POST", f"{TALK}/say", joining.do_say, Access.TAKE),
    Route("POST", f"{TALK}/back", joining.do_hand_back, Access.TAKE),
    Route("POST", f"{TALK}/length", joining.show_length, Access.TAKE),
    Route("GET", f"{TALK}/turns", joining.show_turns, Access.READ),
    Route("POST", f"{TALK}/verdict", judging.do_judge_whole, Access.READ),
    Route("GET", "/overview", overviewing.show_overview, Access.READ),
    Route("GET", "/overview/{chart}.svg", overviewing.show_chart, Access.READ),
    Route("GET", "/feedback", opinions.show_feedback, Access.READ),
    Route("POST", "/feedback/{opinion}", opinions.do_answer, Access.READ),
    Route("GET", "/review", reviewpage.show_review, Access.READ),
    Route("GET", "/review/next", judging.show_next, Access.READ),
    Route("GET", "/review/labels", reviewpage.show_labels, Access.TAKE),
    Route("GET", MESSAGE, judging.show_message, Access.READ),
    Route("POST", MESSAGE, judging.do_judge, Access.READ),
    Route("POST", "/views", transcripts.do_save_view, Access.READ),
    Route("POST", "/views/{view}/remove", transcripts.do_remove_view, Access.READ),
    Route("GET", "/on-call", oncall.show_on_call, Access.READ),
    Route("POST", "/on-call/test", oncall.do_test, Access.TAKE),
    Route("GET", "/account", people.show_account, Access.READ),
    Route("POST", "/account/password", people.do_change_password, Access.READ),
    Route("GET", "/help", _show_help, Access.READ),
    Route("GET", "/people", people.show_people, Access.MANAGE),
    Route("POST", "/people/add", people.do_add, Access.MANAGE),
    Route("POST", f"{PERSON}/reset", people.do_reset, Access.MANAGE),
    Route("POST", f"{PERSON}/disable", people.do_disable, Access.MANAGE),
    Route("POST", f"{PERSON}/enable", people.do_enable, Access.MANAGE),
    Route("POST", f"{PERSON}/end-sessions", people.do_end_sessions, Access.MANAGE),
    Route("GET", "/audit", auditing.show_audit, Access.MANAGE),
)


def add_desk(
    app: web.Application,
    *,
    make: Callable[[Changes], Desk],
    anchor: Anchor,
    announce: Announce | None = None,
) -> web.Application:
    """Add the staff pages to the server.

    Args:
        app: The server's application.
        make: Makes the desk around the change signals.
        anchor: Where the audit log's head is written down.
        announce: Tells somebody else of the head; None for nobody.

    Returns:
        The application of the pages.

    Raises:
        Exception: Something of the pages is missing; the server must go on without them.
    """
    changes = Changes()
    desk = make(changes)
    pages = web.Application(middlewares=[guard()])
    pages[DESK] = desk
    pages[overviewing.MADE] = overviewing.Made()
    set_up_templates(pages, desk)
    for route in ROUTES:
        pages.router.add_route(route.method, route.path, _with_access(route))
    pages.cleanup_ctx.append(keep(desk, anchor, announce))
    htmx = _htmx()

    async def leave(_: web.Application) -> None:
        changes.close()

    async def show_htmx(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(htmx)

    app.on_shutdown.append(leave)
    app.router.add_get("/static/htmx.js", show_htmx)
    app.add_subapp(PREFIX, pages)
    return pages


def _with_access(route: Route) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await route.handler(request)

    # Read by the gate: a handler without it is served to nobody.
    handle.access = route.access  # type: ignore[attr-defined]
    return handle


def _htmx() -> Path:
    """The file within the `django-htmx` package; none of the package's code runs."""
    found = find_spec("django_htmx")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("django-htmx is not installed")
    file = Path(found.submodule_search_locations[0]) / "static" / "django_htmx" / "htmx-2.min.js"
    if not file.is_file():
        raise FileNotFoundError("htmx-2.min.js")
    return file
