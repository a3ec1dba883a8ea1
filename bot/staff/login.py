"""Logging in: name, password and code together, so that a refusal tells nobody which was wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.messages import Clock
from bot.staff import accounts, factors, passwords, sessions, throttle
from bot.staff.roles import Role
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import StaffMember


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody typed, and from which network address."""

    login: str
    password: str
    code: str
    address: str


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new session; `token` goes into the cookie."""

    token: str
    staff: UUID


@dataclass(frozen=True, slots=True)
class Refused:
    """No. `until` is set when there were too many failures."""

    until: datetime | None = None


async def log_in(
    database: Database, ring: KeyRing, clock: Clock, given: Credentials, *, instead_of: str = ""
) -> LoggedIn | Refused:
    """Check everything and begin a session under a token that was never seen before.

    Args:
        database: The password is checked outside of any transaction, since that takes a while.
        ring: Opens the second factor.
        clock: For codes, waits and the session.
        given: What was typed.
        instead_of: The token of the session that this browser has now, which ends.

    Raises:
        StorageError: The database is away.
    """
    name, now = given.login.strip().lower()[:64], clock.now()
    keys = throttle.keys_for(ring, name, given.address)
    async with database.reading() as session:
        until = await throttle.locked_until(session, keys, now)
        stored = _hash_of(await accounts.find(session, name))
    if until is not None:
        return Refused(until)
    right = await passwords.fits(given.password, stored)
    async with database.transaction() as session:
        # Several attempts at once must not get past the count, nor use one code twice.
        member = await accounts.find(session, name, lock=True)
        until = await throttle.locked_until(session, keys, now)
        unchanged = right and until is None and stored == _hash_of(member)
        if member is not None and unchanged and await _second(session, ring, member, given, now):
            return await _begin(session, ring, member, keys, now, instead_of)
        return await _refuse(session, ring, member, keys, now, until)


def _hash_of(member: StaffMember | None) -> str | None:
    return member.password_hash if member is not None and member.disabled_at is None else None


async def _begin(
    session: AsyncSession,
    ring: KeyRing,
    member: StaffMember,
    keys: tuple[throttle.Key, ...],
    now: datetime,
    instead_of: str,
) -> LoggedIn:
    await throttle.succeeded(session, keys)
    await sessions.end(session, instead_of, now)
    token = sessions.new_token()
    await sessions.begin(session, member.id, token, now)
    await record(session, ring, Act.LOGIN, now, staff=member.id)
    return LoggedIn(token, member.id)


async def _refuse(
    session: AsyncSession,
    ring: KeyRing,
    member: StaffMember | None,
    keys: tuple[throttle.Key, ...],
    now: datetime,
    until: datetime | None,
) -> Refused:
    if until is None:
        until = await throttle.failed(session, keys, now)
        act = Act.LOGIN_FAILED if until is None else Act.LOCKED_OUT
        await record(session, ring, act, now, subject=member.id if member else None)
    return Refused(until)


async def _second(
    session: AsyncSession, ring: KeyRing, member: StaffMember, given: Credentials, now: datetime
) -> bool:
    """Whether the second factor is right; it is used up by this."""
    secret = factors.secret_of(ring, member)
    if secret is None:
        return not Role(member.role).needs_second_factor
    step = factors.step_of(secret, given.code, now, after=member.totp_step)
    if step is not None:
        member.totp_step = step
        return True
    if await factors.use_recovery_code(session, ring, member.id, given.code, now):
        await record(session, ring, Act.RECOVERY_CODE_USED, now, staff=member.id, subject=member.id)
        return True
    return False
