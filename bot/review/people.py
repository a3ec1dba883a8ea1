"""Staff accounts: one's own, and for admins everybody's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.review.access import PREFIX, set_cookie, visitor_of
from bot.review.desk import desk_of
from bot.review.rendering import page
from bot.staff import accounts, passwords, sessions
from bot.staff.accounts import AccountError, Invitation
from bot.staff.roles import Role
from bot.transcripts.tables import StaffMember, StaffSession


async def show_account(request: web.Request) -> web.StreamResponse:
    """GET /account: one's own sessions, password and shortcuts."""
    return page(request, "account.html", **await _own(request))


async def do_change_password(request: web.Request) -> web.StreamResponse:
    """POST /account/password: with the old one, and everywhere else one is logged out."""
    desk, form, staff = desk_of(request), await request.post(), visitor_of(request).staff
    password, stored = str(form.get("password", "")), await _stored_hash(request)
    failure = ""
    try:
        passwords.check(password, staff.login, staff.name, desk.clinic())
    except passwords.WeakPasswordError as error:
        failure = str(error)
    if password != str(form.get("again", "")):
        failure = "The two passwords differ."
    if not await passwords.fits(str(form.get("old", "")), stored):
        failure = "The old password does not fit."
    if failure:
        return page(request, "account.html", status=403, **{**await _own(request), "failure": failure})
    hashed = await passwords.make_hash(password)
    await desk.write(
        lambda session: accounts.change_password(session, desk.ring, staff.staff, hashed, desk.clock.now())
    )
    response = web.Response(status=303, headers={"Location": f"{PREFIX}/login?said=password"})
    set_cookie(response, desk, sessions.new_token())
    return response


async def show_people(request: web.Request) -> web.StreamResponse:
    """GET /people"""
    return page(request, "people.html", **await _everybody(request))


async def do_add(request: web.Request) -> web.StreamResponse:
    """POST /people/add: a new account, and the link that its owner sets it up with."""
    desk, form, by = desk_of(request), await request.post(), visitor_of(request).staff.staff
    role = str(form.get("role", ""))
    if role not in set(Role):
        return await _people_failed(request, "Choose a role.")
    return await _with_link(
        request,
        lambda session: accounts.add(
            session,
            desk.ring,
            str(form.get("login", "")),
            Role(role),
            desk.clock.now(),
            name=str(form.get("name", "")),
            by=by,
        ),
    )


async def do_reset(request: web.Request) -> web.StreamResponse:
    """POST /people/{login}/reset: a new link; password, second factor and sessions are gone."""
    desk, by = desk_of(request), visitor_of(request).staff.staff
    login = request.match_info["login"]
    return await _with_link(
        request, lambda session: accounts.reset(session, desk.ring, login, desk.clock.now(), by=by)
    )


async def do_disable(request: web.Request) -> web.StreamResponse:
    """POST /people/{login}/disable"""
    desk, staff, login = desk_of(request), visitor_of(request).staff, request.match_info["login"]
    if login == staff.login:
        return await _people_failed(request, "Nobody can lock themselves out: ask another admin.")
    return await _changed(
        request,
        "disabled",
        lambda session: accounts.disable(session, desk.ring, login, desk.clock.now(), by=staff.staff),
    )


async def do_enable(request: web.Request) -> web.StreamResponse:
    """POST /people/{login}/enable"""
    desk, by, login = desk_of(request), visitor_of(request).staff.staff, request.match_info["login"]
    return await _changed(
        request,
        "enabled",
        lambda session: accounts.enable(session, desk.ring, login, desk.clock.now(), by=by),
    )


async def do_end_sessions(request: web.Request) -> web.StreamResponse:
    """POST /people/{login}/end-sessions"""
    desk, by, login = desk_of(request), visitor_of(request).staff.staff, request.match_info["login"]

    async def end(session: AsyncSession) -> None:
        member = await accounts.find(session, login)
        if member is None:
            raise AccountError("There is no such account.")
        await sessions.end_all(session, member.id, desk.clock.now())
        await record(session, desk.ring, Act.SESSIONS_ENDED, desk.clock.now(), staff=by, subject=member.id)

    return await _changed(request, "ended", end)


async def _with_link(
    request: web.Request, work: Callable[[AsyncSession], Awaitable[Invitation]]
) -> web.StreamResponse:
    desk = desk_of(request)
    try:
        made = await desk.write(work)
    except AccountError as error:
        return await _people_failed(request, str(error))
    link = f"{desk.base_url}{PREFIX}/setup/{made.token}"
    return page(request, "link.html", link=link, login=made.login, days=accounts.SETUP_LIFETIME.days)


async def _changed(
    request: web.Request, said: str, work: Callable[[AsyncSession], Awaitable[None]]
) -> web.StreamResponse:
    try:
        await desk_of(request).write(work)
    except AccountError as error:
        return await _people_failed(request, str(error))
    raise web.HTTPSeeOther(f"{PREFIX}/people?said={said}")


async def _people_failed(request: web.Request, failure: str) -> web.Response:
    return page(request, "people.html", status=409, **{**await _everybody(request), "failure": failure})


async def _everybody(request: web.Request) -> dict[str, Any]:
    desk = desk_of(request)

    async def read(session: AsyncSession) -> dict[str, Any]:
        members = await accounts.everybody(session)
        in_force = await sessions.in_force(session, desk.clock.now())
        session.expunge_all()
        return {"members": members, "sessions": in_force, "failure": ""}

    return await desk.read(read)


async def _own(request: web.Request) -> dict[str, Any]:
    desk, staff = desk_of(request), visitor_of(request).staff

    async def read(session: AsyncSession) -> list[StaffSession]:
        rows = (await sessions.in_force(session, desk.clock.now())).get(staff.staff, [])
        session.expunge_all()
        return rows

    return {"sessions": await desk.read(read), "shortest": passwords.SHORTEST, "failure": ""}


async def _stored_hash(request: web.Request) -> str | None:
    desk, staff = desk_of(request), visitor_of(request).staff
    return await desk.read(
        lambda session: session.scalar(select(StaffMember.password_hash).where(StaffMember.id == staff.staff))
    )
