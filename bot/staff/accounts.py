"""Accounts: added by an admin or the command line, set up by their owner through a one-time link."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Act, record
from bot.staff import factors, sessions
from bot.staff.roles import Role
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import RecoveryCode, StaffMember

SETUP_LIFETIME: Final = timedelta(days=3)
LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
LONGEST_NAME: Final = 80


class AccountError(Exception):
    """What was asked for cannot be done; the message is one line that names the remedy."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A fresh link's token, to be shown once to whoever passes it on."""

    staff: UUID
    login: str
    token: str


async def add(
    session: AsyncSession,
    ring: KeyRing,
    login: str,
    role: Role,
    now: datetime,
    *,
    name: str = "",
    by: UUID | None = None,
) -> Invitation:
    """Make an account that nobody can log in to until its link was used.

    Raises:
        AccountError: The login or the name cannot be used, or the login is taken.
    """
    login = login.strip().lower()
    name = " ".join(name.split()) or login
    if not LOGIN.fullmatch(login):
        raise AccountError(f"{login!r} cannot be a login. Use 2 to 64 of a-z, 0-9, '.', '_' and '-'.")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise AccountError(f"The name cannot be used. Write at most {LONGEST_NAME} printable characters.")
    if await find(session, login) is not None:
        raise AccountError(f"{login!r} exists. 'harborline staff reset {login}' makes a new link.")
    member = StaffMember(
        id=uuid4(), login=login, name=name, role=role.value, password_hash="", created_at=now
    )
    session.add(member)
    token = _invite(ring, member, now)
    await session.flush()
    detail = {"login": login, "role": role.value}
    await record(session, ring, Act.ACCOUNT_ADDED, now, staff=by, subject=member.id, detail=detail)
    return Invitation(member.id, login, token)


async def reset(
    session: AsyncSession, ring: KeyRing, login: str, now: datetime, *, by: UUID | None = None
) -> Invitation:
    """Take password, second factor and sessions from somebody and give them a new link.

    Raises:
        AccountError: There is no such account.
    """
    member = await _known(session, login)
    member.password_hash = ""
    token = _invite(ring, member, now)
    await session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == member.id))
    await sessions.end_all(session, member.id, now)
    await session.flush()
    await record(session, ring, Act.ACCOUNT_RESET, now, staff=by, subject=member.id)
    return Invitation(member.id, member.login, token)


async def disable(
    session: AsyncSession, ring: KeyRing, login: str, now: datetime, *, by: UUID | None = None
) -> None:
    """Keep somebody out from now on, and end their sessions.

    Raises:
        AccountError: There is no such account.
    """
    member = await _known(session, login)
    member.disabled_at = member.disabled_at or now
    member.setup_digest = None
    await sessions.end_all(session, member.id, now)
    await session.flush()
    await record(session, ring, Act.ACCOUNT_DISABLED, now, staff=by, subject=member.id)


async def enable(
    session: AsyncSession, ring: KeyRing, login: str, now: datetime, *, by: UUID | None = None
) -> None:
    """Let somebody in again.

    Raises:
        AccountError: There is no such account.
    """
    member = await _known(session, login)
    member.disabled_at = None
    await session.flush()
    await record(session, ring, Act.ACCOUNT_ENABLED, now, staff=by, subject=member.id)


async def set_up(
    session: AsyncSession,
    ring: KeyRing,
    member: StaffMember,
    password_hash: str,
    step: int | None,
    now: datetime,
) -> tuple[str, ...]:
    """Finish an account with what its owner chose; the link works no more.

    Returns:
        Recovery codes, to be shown once; none for a role without a second factor.
    """
    member.password_hash = password_hash
    member.setup_digest = member.setup_until = None
    member.totp_step = step
    if step is None:
        member.totp_secret = None
    codes = await factors.make_recovery_codes(session, ring, member.id) if step is not None else ()
    await sessions.end_all(session, member.id, now)
    await record(session, ring, Act.ACCOUNT_SET_UP, now, staff=member.id, subject=member.id)
    return codes


async def change_password(
    session: AsyncSession, ring: KeyRing, staff: UUID, password_hash: str, now: datetime
) -> None:
    """Give somebody the password that they chose, and end every session of theirs."""
    member = await session.get_one(StaffMember, staff)
    member.password_hash = password_hash
    await sessions.end_all(session, staff, now)
    await record(session, ring, Act.PASSWORD_CHANGED, now, staff=staff, subject=staff)


async def invited(session: AsyncSession, token: str, now: datetime) -> StaffMember | None:
    """Whose link it is, if it still works."""
    return await session.scalar(
        select(StaffMember).where(
            StaffMember.setup_digest == _digest(token),
            StaffMember.setup_until > now,
            StaffMember.disabled_at.is_(None),
        )
    )


async def find(session: AsyncSession, login: str, *, lock: bool = False) -> StaffMember | None:
    """The account with a login; locked until the transaction ends, if it is to be changed."""
    wanted = select(StaffMember).where(StaffMember.login == login.strip().lower())
    return await session.scalar(wanted.with_for_update() if lock else wanted)


async def everybody(session: AsyncSession) -> list[StaffMember]:
    """All accounts by login, disabled ones last."""
    order = (StaffMember.disabled_at.is_not(None), StaffMember.login)
    return list(await session.scalars(select(StaffMember).order_by(*order)))


async def _known(session: AsyncSession, login: str) -> StaffMember:
    member = await find(session, login, lock=True)
    if member is None:
        raise AccountError(f"There is no account {login!r}. 'harborline staff list' shows all.")
    return member


def _invite(ring: KeyRing, member: StaffMember, now: datetime) -> str:
    token = secrets.token_urlsafe(sessions.TOKEN_BYTES)
    member.setup_digest = _digest(token)
    member.setup_until = now + SETUP_LIFETIME
    member.totp_secret = (
        factors.seal_secret(ring, member.id) if Role(member.role).needs_second_factor else None
    )
    member.totp_step = None
    return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
