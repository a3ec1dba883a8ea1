"""The audit log: what was done to it is found, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.audit import Act, record
from bot.audit.anchor import Anchor, AnchorError
from bot.audit.chain import detail_of
from bot.audit.verify import Verified, verify
from bot.transcripts.connecting import Target
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing, make_key
from bot.transcripts.tables import AuditEntry
from tests.fixtures.clock import HandClock

Tamper = Callable[[str], None]


@pytest.fixture
def anchor(tmp_path: Path, ring: KeyRing) -> Anchor:
    return Anchor(tmp_path / "elsewhere" / "anchor.jsonl", ring)


@pytest.fixture
def tamper(database_url: str) -> Tamper:
    """Changes the table as somebody with the database in hand would: without the triggers."""

    def change(statement: str) -> None:
        target = Target(database_url)
        engine = target.migrating()
        with engine.begin() as connection:
            if target.sqlite:
                for act in ("update", "delete"):
                    connection.execute(sa.text(f"DROP TRIGGER IF EXISTS audit_entry_no_{act}"))
            else:
                connection.execute(sa.text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
            connection.execute(sa.text(statement))
        engine.dispose()

    return change


async def fill(database: Database, ring: KeyRing, clock: HandClock, entries: int = 6) -> None:
    for number in range(entries):
        clock.advance(seconds=1)
        async with database.transaction() as session:
            await record(session, ring, Act.LOGIN, clock.now(), subject=uuid4(), detail={"number": number})


async def checked(database: Database, ring: KeyRing, anchor: Anchor) -> Verified:
    return await verify(database, ring, anchor)


async def test_an_untouched_log_is_in_order(
    database: Database, ring: KeyRing, clock: HandClock, anchor: Anchor
) -> None:
    await fill(database, ring, clock)
    assert await anchor.drop(database, clock) is not None
    assert await anchor.drop(database, clock) is None
    await fill(database, ring, clock, 3)
    assert await checked(database, ring, anchor) == Verified(9, 1, ())


async def test_details_are_encrypted_and_can_be_read(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    async with database.transaction() as session:
        await record(session, ring, Act.SEARCHED, clock.now(), detail={"words": "quartz"})
    async with database.reading() as session:
        [entry] = (await session.scalars(sa.select(AuditEntry))).all()
        assert entry.detail is not None
        assert b"quartz" not in entry.detail
        assert detail_of(entry, ring) == {"words": "quartz"}


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_entry SET action = 'logout' WHERE id = 3", "entry 3 was changed"),
        ("UPDATE audit_entry SET detail = NULL WHERE id = 4", "entry 4 was changed"),
        ("DELETE FROM audit_entry WHERE id = 2", "entry 2 missing"),
        ("DELETE FROM audit_entry WHERE id IN (2, 3)", "entries 2 to 3 missing"),
        ("DELETE FROM audit_entry WHERE id = 1", "entry 1 missing"),
        ("DELETE FROM audit_entry WHERE id > 4", "its tail was cut off"),
        ("DELETE FROM audit_entry", "its tail was cut off"),
    ],
)
async def test_tampering_is_found(
    database: Database,
    ring: KeyRing,
    clock: HandClock,
    anchor: Anchor,
    tamper: Tamper,
    statement: str,
    fault: str,
) -> None:
    await fill(database, ring, clock)
    await anchor.drop(database, clock)
    await asyncio.to_thread(tamper, statement)
    found = await checked(database, ring, anchor)
    assert any(fault in line for line in found.faults), found


async def test_a_log_written_anew_by_somebody_with_the_key_is_found(
    database: Database, ring: KeyRing, clock: HandClock, anchor: Anchor, tamper: Tamper
) -> None:
    await fill(database, ring, clock)
    await anchor.drop(database, clock)
    await asyncio.to_thread(tamper, "DELETE FROM audit_entry")
    await fill(database, ring, clock, 8)
    assert any("written anew" in line for line in (await checked(database, ring, anchor)).faults)


async def test_a_cut_tail_is_not_found_without_an_anchor_so_one_is_demanded(
    database: Database, ring: KeyRing, clock: HandClock, anchor: Anchor
) -> None:
    await fill(database, ring, clock)
    [fault] = (await checked(database, ring, anchor)).faults
    assert "no anchor" in fault


async def test_an_anchor_that_somebody_made_up_is_not_trusted(
    database: Database, ring: KeyRing, clock: HandClock, tmp_path: Path
) -> None:
    await fill(database, ring, clock)
    file = tmp_path / "anchor.jsonl"
    await Anchor(file, KeyRing([make_key()])).drop(database, clock)
    [fault] = (await verify(database, ring, Anchor(file, ring))).faults
    assert "cannot be trusted" in fault


async def test_an_anchor_that_cannot_be_written_says_so(
    database: Database, ring: KeyRing, clock: HandClock, tmp_path: Path
) -> None:
    await fill(database, ring, clock)
    (tmp_path / "file").touch()
    with pytest.raises(AnchorError):
        await Anchor(tmp_path / "file" / "anchor.jsonl", ring).drop(database, clock)


async def test_a_new_key_continues_the_chain(
    database: Database, ring: KeyRing, clock: HandClock, anchor: Anchor, tmp_path: Path
) -> None:
    old = make_key()
    await fill(database, KeyRing([old]), clock)
    both = KeyRing([make_key(), old])
    await fill(database, both, clock)
    rotated = Anchor(tmp_path / "rotated.jsonl", both)
    await rotated.drop(database, clock)
    assert (await verify(database, both, rotated)).faults == ()


async def test_many_writers_at_once_make_one_chain(
    database: Database, ring: KeyRing, clock: HandClock, anchor: Anchor
) -> None:
    async def one() -> None:
        async with database.transaction() as session:
            await record(session, ring, Act.LOGIN, clock.now())

    await asyncio.gather(*(one() for _ in range(8)))
    await anchor.drop(database, clock)
    assert await checked(database, ring, anchor) == Verified(8, 1, ())
