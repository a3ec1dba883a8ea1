"""Logging in, on both databases: what is refused, what is used up, what a session survives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

import pyotp
import pytest
from sqlalchemy import select

from bot.staff import accounts, factors, passwords, sessions
from bot.staff.accounts import AccountError
from bot.staff.login import Credentials, LoggedIn, Refused, log_in
from bot.staff.roles import Role
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import AuditEntry, StaffMember, StaffSession
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import PASSWORD, add_member

Code = Callable[[], str]
Attempt = Callable[..., Awaitable[LoggedIn | Refused]]


@pytest.fixture
async def ada(database: Database, ring: KeyRing, clock: HandClock) -> StaffMember:
    return await add_member(database, ring, clock.now(), password=PASSWORD)


@pytest.fixture
def code(ada: StaffMember, ring: KeyRing, clock: HandClock) -> Code:
    return lambda: pyotp.TOTP(factors.secret_of(ring, ada) or "").at(clock.now())


@pytest.fixture
def attempt(database: Database, ring: KeyRing, clock: HandClock) -> Attempt:
    async def go(
        password: str = PASSWORD, code: str = "", login: str = "ada", address: str = "192.0.2.1", **more: str
    ) -> LoggedIn | Refused:
        return await log_in(database, ring, clock, Credentials(login, password, code, address), **more)

    return go


async def acts(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


async def test_name_password_and_code_open_a_session(
    database: Database, clock: HandClock, ada: StaffMember, code: Code, attempt: Attempt
) -> None:
    entered = await attempt(code=code(), login=" Ada ")
    assert isinstance(entered, LoggedIn)
    async with database.reading() as session:
        found = await sessions.find(session, entered.token, clock.now())
        [row] = (await session.scalars(select(StaffSession))).all()
        assert entered.token not in row.token_digest
    assert found is not None
    assert (found.staff, found.role, found.idle) == (ada.id, Role.CLINICIAN, False)
    assert await acts(database) == ["login"]


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"login": "eve"}, {"code": "000000"}, {"code": ""}])
async def test_every_refusal_is_the_same(
    database: Database, code: Code, attempt: Attempt, wrong: dict[str, str]
) -> None:
    assert await attempt(**{"code": code(), **wrong}) == Refused()
    assert await acts(database) == ["login_failed"]


async def test_a_code_works_once(clock: HandClock, code: Code, attempt: Attempt) -> None:
    used = code()
    assert isinstance(await attempt(code=used), LoggedIn)
    assert await attempt(code=used) == Refused()
    clock.advance(seconds=30)
    assert await attempt(code=used) == Refused()
    assert isinstance(await attempt(code=code()), LoggedIn)


async def test_a_code_used_twice_at_once_works_once(code: Code, attempt: Attempt) -> None:
    used = code()
    outcomes = await asyncio.gather(*(attempt(code=used) for _ in range(4)))
    assert [isinstance(outcome, LoggedIn) for outcome in outcomes].count(True) == 1


async def test_a_recovery_code_works_once_and_is_written_down(
    database: Database, ring: KeyRing, ada: StaffMember, attempt: Attempt
) -> None:
    async with database.transaction() as session:
        codes = await factors.make_recovery_codes(session, ring, ada.id)
    assert len(set(codes)) == factors.RECOVERY_CODES
    assert isinstance(await attempt(code=codes[0].upper().replace("-", " ")), LoggedIn)
    assert await attempt(code=codes[0]) == Refused()
    assert await acts(database) == ["recovery_code_used", "login", "login_failed"]


async def test_guessing_is_slowed_down_more_and_more(
    database: Database, clock: HandClock, code: Code, attempt: Attempt
) -> None:
    for _ in range(4):
        assert await attempt(password="wrong") == Refused()
    waits = []
    for _ in range(8):
        refused = await attempt(password="wrong")
        assert isinstance(refused, Refused)
        assert refused.until is not None
        waits.append((refused.until - clock.now()).total_seconds())
        # Locked: not even the right one gets in, and it does not lengthen the wait.
        assert await attempt(code=code()) == Refused(refused.until)
        clock.advance(seconds=waits[-1])
    assert waits == [30, 60, 120, 240, 480, 900, 900, 900]
    assert isinstance(await attempt(code=code()), LoggedIn)
    assert "locked_out" in await acts(database)


async def test_a_guesser_does_not_lock_out_the_clinician_at_another_address(
    code: Code, attempt: Attempt
) -> None:
    for _ in range(12):
        await attempt(password="wrong", address="198.51.100.9")
    assert isinstance(await attempt(code=code()), LoggedIn)


async def test_many_guesses_at_once_do_not_get_past_the_count(attempt: Attempt) -> None:
    await asyncio.gather(*(attempt(password="wrong") for _ in range(8)), return_exceptions=True)
    refused = await attempt(password="wrong")
    assert isinstance(refused, Refused)
    assert refused.until is not None


async def test_a_reviewer_needs_no_code(
    database: Database, ring: KeyRing, clock: HandClock, attempt: Attempt
) -> None:
    await add_member(database, ring, clock.now(), login="rae", role=Role.REVIEWER, password=PASSWORD)
    assert isinstance(await attempt(login="rae"), LoggedIn)


async def test_logging_in_ends_the_session_before_and_never_keeps_its_token(
    database: Database, clock: HandClock, code: Code, attempt: Attempt
) -> None:
    first = await attempt(code=code())
    clock.advance(seconds=60)
    assert isinstance(first, LoggedIn)
    second = await attempt(code=code(), instead_of=first.token)
    assert isinstance(second, LoggedIn)
    assert second.token != first.token
    async with database.reading() as session:
        assert await sessions.find(session, first.token, clock.now()) is None


@pytest.mark.parametrize(
    ("minutes", "there", "idle"),
    [(14, True, False), (16, True, True), (11 * 60, True, True), (12 * 60, False, False)],
)
async def test_a_session_is_idle_and_then_over(
    database: Database,
    clock: HandClock,
    code: Code,
    attempt: Attempt,
    minutes: int,
    there: bool,
    idle: bool,
) -> None:
    entered = await attempt(code=code())
    assert isinstance(entered, LoggedIn)
    clock.advance(minutes=minutes)
    async with database.reading() as session:
        found = await sessions.find(session, entered.token, clock.now())
    assert (found is not None) is there
    assert found is None or found.idle is idle


async def test_disabling_and_resetting_end_every_session(
    database: Database, ring: KeyRing, clock: HandClock, code: Code, attempt: Attempt
) -> None:
    entered = await attempt(code=code())
    assert isinstance(entered, LoggedIn)
    async with database.transaction() as session:
        await accounts.disable(session, ring, "ada", clock.now())
    async with database.reading() as session:
        assert await sessions.find(session, entered.token, clock.now()) is None
    clock.advance(seconds=30)
    assert await attempt(code=code()) == Refused()
    async with database.transaction() as session:
        await accounts.enable(session, ring, "ada", clock.now())
        await accounts.reset(session, ring, "ada", clock.now())
    clock.advance(seconds=30)
    assert await attempt(code=code()) == Refused()


async def test_a_link_works_once_and_for_three_days(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    async with database.transaction() as session:
        made = await accounts.add(session, ring, "Cleo", Role.ADMIN, clock.now(), name="Cleo B.")

    async def owner(at: datetime) -> StaffMember | None:
        async with database.transaction() as session:
            return await accounts.invited(session, made.token, at)

    clock.advance(hours=71)
    member = await owner(clock.now())
    assert member is not None
    assert await owner(made_at := clock.now().replace(year=2027)) is None, made_at
    async with database.transaction() as session:
        found = await accounts.invited(session, made.token, clock.now())
        assert found is not None
        codes = await accounts.set_up(session, ring, found, "hash", 7, clock.now())
    assert len(codes) == factors.RECOVERY_CODES
    assert await owner(clock.now()) is None


async def test_nobody_can_log_in_before_the_link_was_used(
    database: Database, ring: KeyRing, clock: HandClock, attempt: Attempt
) -> None:
    async with database.transaction() as session:
        await accounts.add(session, ring, "cleo", Role.REVIEWER, clock.now())
    for password in ("", PASSWORD):
        assert await attempt(login="cleo", password=password) == Refused()


@pytest.mark.parametrize("login", ["", "a", "../etc", "a b", "x" * 65, "ada", "Ádá"])
async def test_a_login_that_cannot_be_used_is_refused(
    database: Database, ring: KeyRing, clock: HandClock, ada: StaffMember, login: str
) -> None:
    with pytest.raises(AccountError):
        async with database.transaction() as session:
            await accounts.add(session, ring, login, Role.REVIEWER, clock.now())


@pytest.mark.parametrize("weak", ["short", "x" * 20, "ada lovelace", "abcabcabcabcabc", "y" * 201])
def test_a_weak_password_is_refused(weak: str) -> None:
    with pytest.raises(passwords.WeakPasswordError):
        passwords.check(weak, "ada", "Ada Lovelace")


def test_a_long_ordinary_password_is_accepted() -> None:
    passwords.check(PASSWORD, "ada", "Ada Lovelace")


async def test_hashes_are_argon2id_and_salted() -> None:
    first, second = await passwords.make_hash(PASSWORD), await passwords.make_hash(PASSWORD)
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert await passwords.fits(PASSWORD, first)
    assert not await passwords.fits(PASSWORD + "x", first)


def test_a_form_token_belongs_to_one_cookie(ring: KeyRing) -> None:
    token, other = sessions.new_token(), sessions.new_token()
    assert sessions.csrf_fits(ring, token, sessions.csrf_token(ring, token))
    assert not sessions.csrf_fits(ring, other, sessions.csrf_token(ring, token))
    assert not sessions.csrf_fits(ring, token, "")


def test_roles_are_ordered() -> None:
    assert Role.ADMIN.may(Role.REVIEWER)
    assert Role.CLINICIAN.may(Role.CLINICIAN)
    assert not Role.REVIEWER.may(Role.CLINICIAN)


async def test_a_name_that_nobody_has_takes_as_long() -> None:
    stored = await passwords.make_hash(PASSWORD)

    async def took(hashed: str | None) -> float:
        began = time.perf_counter()
        for _ in range(5):
            assert not await passwords.fits("wrong", hashed)
        return time.perf_counter() - began

    assert await took(None) > await took(stored) / 3
