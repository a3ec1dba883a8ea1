"""What `harborline staff` and `harborline audit` do to the database, from beside the server or without it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit.anchor import Anchor
from bot.audit.verify import Verified, verify
from bot.clock import SystemClock
from bot.opening import database_of
from bot.settings import Settings, SettingsError
from bot.staff import accounts, sessions
from bot.staff.accounts import AccountError, Invitation
from bot.staff.roles import Role
from bot.transcripts.encryption import KeyRing

T = TypeVar("T")


async def add(settings: Settings, login: str, role: Role, name: str) -> str:
    """Make an account; the link that its owner sets it up with.

    Raises:
        SettingsError: The login cannot be used, or the database cannot.
    """
    clock = SystemClock()
    return _link(
        settings,
        await _write(
            settings,
            lambda session, ring: accounts.add(session, ring, login, role, clock.now(), name=name),
        ),
    )


async def reset(settings: Settings, login: str) -> str:
    """Take password, second factor and sessions from somebody; their new link.

    Raises:
        SettingsError: There is no such account, or the database cannot be used.
    """
    now = SystemClock().now()
    return _link(
        settings, await _write(settings, lambda session, ring: accounts.reset(session, ring, login, now))
    )


async def disable(settings: Settings, login: str) -> None:
    """Keep somebody out from now on.

    Raises:
        SettingsError: There is no such account, or the database cannot be used.
    """
    now = SystemClock().now()
    await _write(settings, lambda session, ring: accounts.disable(session, ring, login, now))


async def table(settings: Settings) -> list[str]:
    """A line for each account: login, role, state, sessions in force.

    Raises:
        SettingsError: The database cannot be used.
    """

    async def read(session: AsyncSession, _: KeyRing) -> list[str]:
        now = SystemClock().now()
        in_force = await sessions.in_force(session, now)
        lines = []
        for member in await accounts.everybody(session):
            state = "active" if member.password_hash else "link not used yet"
            if member.disabled_at is not None:
                state = f"disabled since {member.disabled_at.astimezone(UTC):%Y-%m-%d}"
            logged_in = len(in_force.get(member.id, []))
            lines.append(f"{member.login:<20} {member.role:<10} {state:<26} logged in {logged_in} times")
        return lines

    return await _write(settings, read)


async def verify_audit(settings: Settings) -> Verified:
    """Check the audit log against itself and against its anchor.

    Raises:
        SettingsError: The database cannot be used.
    """
    async with database_of(settings) as (database, ring):
        if database.file is not None and database.file.parent == settings.audit_anchor.absolute().parent:
            raise SettingsError(
                "HARBORLINE_AUDIT_ANCHOR lies beside the database, where whoever changes one can change the "
                "other. Put it on another disk or machine."
            )
        return await verify(database, ring, Anchor(settings.audit_anchor, ring))


async def _write(settings: Settings, work: Callable[[AsyncSession, KeyRing], Awaitable[T]]) -> T:
    try:
        async with database_of(settings) as (database, ring), database.transaction() as session:
            return await work(session, ring)
    except AccountError as error:
        raise SettingsError(str(error)) from error


def _link(settings: Settings, made: Invitation) -> str:
    return f"{settings.base_url}/staff/setup/{made.token}"
