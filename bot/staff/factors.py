"""The second factor: time-based codes (RFC 6238), and recovery codes for a lost phone."""

from __future__ import annotations

import hmac
import io
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

import pyotp
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import RecoveryCode, StaffMember

STEP_SECONDS: Final = 30
DRIFT: Final = 1
"""Steps that a phone's clock may be off."""
RECOVERY_CODES: Final = 10
ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letter or digit that is easily read as another."""
TOTP_SECRET: Final = "totp_secret"  # noqa: S105 - the name of a column


def seal_secret(ring: KeyRing, staff: UUID) -> bytes:
    """A fresh secret, encrypted for its column."""
    return ring.encrypt(pyotp.random_base32(), staff, field=TOTP_SECRET)


def secret_of(ring: KeyRing, member: StaffMember) -> str | None:
    """The secret that a member's app holds.

    Raises:
        DecryptionError: The ring does not fit.
    """
    if member.totp_secret is None:
        return None
    return ring.decrypt(member.totp_secret, member.id, field=TOTP_SECRET)


def qr_code(secret: str, login: str, issuer: str) -> bytes:
    """What an authenticator app scans, as an SVG image."""
    # Here, because it is needed for new accounts alone and the server must listen soon.
    import segno

    address = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)
    image = io.BytesIO()
    segno.make(address, error="m").save(image, kind="svg", scale=5, border=4, light="white", dark="black")
    return image.getvalue()


def step_of(secret: str, code: str, now: datetime, *, after: int | None) -> int | None:
    """The time step that a code belongs to, if it is right and later than the last one used.

    Args:
        secret: The member's secret.
        code: Six digits as they were typed; spaces do not matter.
        now: The server's time.
        after: The last step whose code was used; None when none was.
    """
    digits = "".join(code.split())
    current = int(now.timestamp()) // STEP_SECONDS
    for step in range(current - DRIFT, current + DRIFT + 1):
        expected = pyotp.TOTP(secret).at(step * STEP_SECONDS)
        if hmac.compare_digest(expected.encode(), digits.encode()) and (after is None or step > after):
            return step
    return None


async def make_recovery_codes(session: AsyncSession, ring: KeyRing, staff: UUID) -> tuple[str, ...]:
    """New codes in place of all former ones; they can be shown this once."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff))
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    session.add_all(RecoveryCode(staff_id=staff, digest=_digest(ring, staff, code)[0]) for code in codes)
    await session.flush()
    return codes


async def use_recovery_code(
    session: AsyncSession, ring: KeyRing, staff: UUID, code: str, now: datetime
) -> bool:
    """Use a recovery code up; whether it was one."""
    row = await session.scalar(
        select(RecoveryCode)
        .where(
            RecoveryCode.staff_id == staff,
            RecoveryCode.digest.in_(_digest(ring, staff, code)),
            RecoveryCode.used_at.is_(None),
        )
        .with_for_update()
    )
    if row is None:
        return False
    row.used_at = now
    await session.flush()
    return True


def _recovery_code() -> str:
    letters = "".join(secrets.choice(ALPHABET) for _ in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def _digest(ring: KeyRing, staff: UUID, code: str) -> tuple[str, ...]:
    plain = "".join(char for char in code.casefold() if char.isalnum())
    return ring.digests("recovery code", f"{staff.hex} {plain}")
