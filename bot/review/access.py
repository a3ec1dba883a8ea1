"""The gate before every staff page: who is it, may they, and does the request come from our own page?

A route that does not say who may use it is served to nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from aiohttp import web
from yarl import URL

from bot.channels.origins import Origins
from bot.review.desk import Desk, desk_of
from bot.staff import sessions
from bot.staff.roles import Role
from bot.staff.sessions import Session

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PREFIX: Final = "/staff"
HOME: Final = f"{PREFIX}/queue"
LARGEST_BODY: Final = 64 * 1024
CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "X-CSRF-Token"
BACKGROUND: Final = "X-Background"
"""A page sends this with what it fetches by itself, which does not count as somebody being there."""


class Access(Enum):
    """Who may use a route."""

    ANYBODY = "anybody"
    """Also who is not logged in."""
    ALARMS = "alarms"
    """Whoever is logged in, even after being away: nothing that anybody wrote is shown."""
    READ = Role.REVIEWER
    TAKE = Role.CLINICIAN
    MANAGE = Role.ADMIN


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sends a request: the value of their cookie, new when they had none, and their session."""

    token: str
    is_new: bool
    session: Session | None
    csrf: str

    @property
    def staff(self) -> Session:
        """The session, on a page that demands one."""
        if self.session is None:
            raise PermissionError("nobody is logged in")
        return self.session


VISITOR: Final = web.RequestKey("visitor", Visitor)


def visitor_of(request: web.Request) -> Visitor:
    """Who sends a request."""
    return request[VISITOR]


def cookie_name(desk: Desk) -> str:
    """The prefix makes browsers refuse such a cookie from any other host, or without TLS."""
    return "__Host-harborline-staff" if desk.behind_tls else "harborline-staff"


def set_cookie(response: web.StreamResponse, desk: Desk, token: str) -> None:
    """Give the browser its cookie; it goes when the browser is closed."""
    response.set_cookie(
        cookie_name(desk), token, path="/", httponly=True, secure=desk.behind_tls, samesite="Strict"
    )


def safe_next(asked: str) -> str:
    """Where to go after logging in: a page of ours, whatever the address said."""
    try:
        url = URL(asked)
        normal = str(URL.build(path=url.path, query_string=url.query_string))
    except ValueError:
        return HOME
    ours = url.path.startswith(f"{PREFIX}/") and not url.absolute and ".." not in url.path
    plain = asked.isprintable() and "\\" not in asked and not asked.startswith("//")
    leads_out = normal.startswith((f"{PREFIX}/log", f"{PREFIX}/locked", f"{PREFIX}/live"))
    return normal if ours and plain and not leads_out else HOME


async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler's response, if the visitor may have it.

    Raises:
        HTTPException: Where to log in, or that the request is refused.
        StorageError: The database is away.
    """
    desk = desk_of(request)
    if request.match_info.http_exception is not None:
        return await handler(request)
    access = getattr(request.match_info.handler, "access", None)
    if access is None:
        raise web.HTTPForbidden
    if request.method not in ("GET", "HEAD"):
        _check_form(request, desk)
    visitor = await _visitor(request, desk)
    request[VISITOR] = visitor
    if request.method not in ("GET", "HEAD"):
        await _check_token(request, desk, visitor)
    if access is not Access.ANYBODY:
        await _check_session(request, desk, visitor, access)
    response = await handler(request)
    if _lacks_cookie(request, response, desk, visitor):
        set_cookie(response, desk, visitor.token)
    return response


def _lacks_cookie(request: web.Request, response: web.StreamResponse, desk: Desk, visitor: Visitor) -> bool:
    # A browser that comes from elsewhere keeps the cookie it has to itself: it must not be overwritten.
    elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site"
    given = response.prepared or cookie_name(desk) in response.cookies
    return visitor.is_new and not elsewhere and not given


async def _visitor(request: web.Request, desk: Desk) -> Visitor:
    token = request.cookies.get(cookie_name(desk), "")
    is_new = not token
    token = token or sessions.new_token()
    found = None
    if not is_new:
        found = await desk.read(lambda session: sessions.find(session, token, desk.clock.now()))
    return Visitor(token, is_new, found, sessions.csrf_token(desk.ring, token))


def _check_form(request: web.Request, desk: Desk) -> None:
    """Take forms of our own pages only, and no longer than any of them gets."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPUnsupportedMediaType
    if request.content_length is None:
        raise web.HTTPLengthRequired
    if request.content_length > LARGEST_BODY:
        raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length)
    if not Origins(public_url=desk.public_url).allow(request):
        raise web.HTTPForbidden(reason="Another site sent this form")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise web.HTTPForbidden(reason="Another site sent this form")


async def _check_token(request: web.Request, desk: Desk, visitor: Visitor) -> None:
    form = await request.post()
    given = str(form.get(CSRF_FIELD, "")) or request.headers.get(CSRF_HEADER, "")
    if visitor.is_new or not sessions.csrf_fits(desk.ring, visitor.token, given):
        raise web.HTTPForbidden(reason="This page was open for too long")


async def _check_session(request: web.Request, desk: Desk, visitor: Visitor, access: Access) -> None:
    session = visitor.session
    if session is None:
        raise _elsewhere(request, f"{PREFIX}/login")
    if access is Access.ALARMS:
        return
    if session.idle:
        raise _elsewhere(request, f"{PREFIX}/locked")
    if session.stale and BACKGROUND not in request.headers:
        await desk.write(lambda writing: sessions.touch(writing, session.id, desk.clock.now()))
    if not session.role.may(access.value):
        raise web.HTTPForbidden(reason="Your role does not include this")


def _elsewhere(request: web.Request, path: str) -> web.HTTPException:
    """Send somebody to log in, and afterwards where they wanted to go."""
    wanted = request.headers.get("HX-Current-URL", "") if "HX-Request" in request.headers else ""
    back = URL(wanted).path_qs if wanted else str(request.rel_url)
    where = str(URL(path).with_query(next=back) if request.method == "GET" else URL(path))
    if "HX-Request" in request.headers:
        return web.HTTPUnauthorized(headers={"HX-Redirect": where})
    if request.path == f"{PREFIX}/live":
        # An event stream cannot follow anybody to a form.
        return web.HTTPNoContent()
    return web.HTTPSeeOther(where)
