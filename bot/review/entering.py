"""Coming in and going out: log in, be locked after a while, set an account up, log out."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession
from yarl import URL

from bot.audit import Act, record
from bot.channels.addresses import counted, networks, sender
from bot.review.access import HOME, PREFIX, safe_next, set_cookie, visitor_of
from bot.review.desk import Desk, desk_of
from bot.review.rendering import page, sorry
from bot.staff import accounts, factors, passwords, sessions
from bot.staff.login import Credentials, LoggedIn, log_in
from bot.transcripts.tables import StaffMember


async def show_login(request: web.Request) -> web.StreamResponse:
    """GET /login"""
    visitor = visitor_of(request)
    wanted = safe_next(request.query.get("next", HOME))
    if _came_by_link(request):
        # The cookie is not sent along with a link in a mail; it is once the page asks for itself.
        return page(
            request, "continue.html", to=str(URL(f"{PREFIX}/login").with_query(next=wanted, here="1"))
        )
    if visitor.session is not None and not visitor.session.idle:
        raise web.HTTPSeeOther(wanted)
    return page(request, "login.html", next=wanted, failure="")


async def show_locked(request: web.Request) -> web.StreamResponse:
    """GET /locked: logged off for having been away; alarms go on."""
    return page(request, "locked.html", next=safe_next(request.query.get("next", HOME)), failure="")


async def do_login(request: web.Request) -> web.StreamResponse:
    """POST /login"""
    desk, visitor, form = desk_of(request), visitor_of(request), await request.post()
    given = Credentials(
        login=str(form.get("login", "")),
        password=str(form.get("password", "")),
        code=str(form.get("code", ""))[:64],
        address=_address(request, desk),
    )
    wanted = safe_next(str(form.get("next", HOME)))
    outcome = await log_in(desk.database, desk.ring, desk.clock, given, instead_of=visitor.token)
    if isinstance(outcome, LoggedIn):
        response = web.Response(status=303, headers={"Location": wanted})
        set_cookie(response, desk, outcome.token)
        return response
    failure = "That did not fit. Check the name, the password and the code; a code works only once."
    if outcome.until is not None:
        failure = f"Too many attempts. Try again in {desk.times.until(outcome.until)}."
    template = "locked.html" if visitor.session is not None else "login.html"
    return page(request, template, status=403, next=wanted, failure=failure)


async def do_logout(request: web.Request) -> web.StreamResponse:
    """POST /logout: this browser, or everywhere."""
    desk, visitor = desk_of(request), visitor_of(request)
    everywhere = (await request.post()).get("everywhere") == "yes"

    async def work(session: AsyncSession) -> None:
        now, staff = desk.clock.now(), visitor.staff.staff
        if everywhere:
            await sessions.end_all(session, staff, now)
        else:
            await sessions.end(session, visitor.token, now)
        await record(session, desk.ring, Act.LOGOUT, now, staff=staff, detail={"everywhere": everywhere})

    await desk.write(work)
    response = web.Response(status=303, headers={"Location": f"{PREFIX}/login?said=logged-out"})
    set_cookie(response, desk, sessions.new_token())
    return response


async def show_setup(request: web.Request) -> web.StreamResponse:
    """GET /setup/{token}: the page behind a one-time link."""
    member = await _invited(request)
    return page(request, "setup.html", **_setup_values(request, member)) if member else _spent(request)


async def show_qr_code(request: web.Request) -> web.StreamResponse:
    """GET /setup/{token}/code.svg: what an authenticator app scans."""
    desk, member = desk_of(request), await _invited(request)
    secret = factors.secret_of(desk.ring, member) if member else None
    if member is None or secret is None:
        raise web.HTTPNotFound
    image = factors.qr_code(secret, member.login, f"Harborline, {desk.clinic()}")
    return web.Response(body=image, content_type="image/svg+xml")


async def do_setup(request: web.Request) -> web.StreamResponse:
    """POST /setup/{token}: a password and the first code finish the account."""
    desk, form = desk_of(request), await request.post()
    member = await _invited(request)
    if member is None:
        return _spent(request)
    password = str(form.get("password", ""))
    failure = _password_failure(password, str(form.get("again", "")), member, desk)
    secret = factors.secret_of(desk.ring, member)
    step = (
        factors.step_of(secret, str(form.get("code", "")), desk.clock.now(), after=None) if secret else None
    )
    if not failure and secret and step is None:
        failure = "The code does not fit. Scan the picture again and type the code that the app shows now."
    if failure:
        return page(
            request, "setup.html", status=403, **{**_setup_values(request, member), "failure": failure}
        )
    hashed = await passwords.make_hash(password)

    async def work(session: AsyncSession) -> tuple[str, ...] | None:
        found = await accounts.invited(session, request.match_info["token"], desk.clock.now())
        if found is None:
            return None
        return await accounts.set_up(session, desk.ring, found, hashed, step, desk.clock.now())

    codes = await desk.write(work)
    return _spent(request) if codes is None else page(request, "ready.html", codes=codes, login=member.login)


async def _invited(request: web.Request) -> StaffMember | None:
    desk = desk_of(request)

    async def work(session: AsyncSession) -> StaffMember | None:
        member = await accounts.invited(session, request.match_info["token"], desk.clock.now())
        if member is not None:
            session.expunge(member)
        return member

    return await desk.read(work)


def _setup_values(request: web.Request, member: StaffMember) -> dict[str, Any]:
    secret = factors.secret_of(desk_of(request).ring, member)
    return {
        "member": member,
        "secret": secret,
        "shortest": passwords.SHORTEST,
        "image": f"{request.path.rstrip('/')}/code.svg",
        "failure": "",
    }


def _password_failure(password: str, again: str, member: StaffMember, desk: Desk) -> str:
    if password != again:
        return "The two passwords differ."
    try:
        passwords.check(password, member.login, member.name, desk.clinic())
    except passwords.WeakPasswordError as error:
        return str(error)
    return ""


def _spent(request: web.Request) -> web.Response:
    return sorry(request, 403, "This link was used or is too old; ask an admin for a new one")


def _came_by_link(request: web.Request) -> bool:
    elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site"
    return elsewhere and visitor_of(request).is_new and "here" not in request.query


def _address(request: web.Request, desk: Desk) -> str:
    address = sender(request, networks(desk.trusted_proxies))
    return counted(address) if address is not None else "unknown"
