"""The tracker store on real databases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bot.rasa_compat import tensorflow_free  # noqa: F401  (before rasa)

# isort: split
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import delete

from bot.rasa_compat import trackers as store
from bot.rasa_compat.trackers import KEPT_EVENTS, BoundedTrackerStore, bounded
from bot.rasa_compat.turn import CURRENT, Turn
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing, make_key
from bot.transcripts.tables import Tracker

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DOMAIN = Domain.from_dict(
    {
        "intents": ["hello"],
        "slots": {
            "language": {
                "type": "categorical",
                "values": ["en", "es"],
                "initial_value": "en",
                "influence_conversation": False,
                "mappings": [{"type": "custom"}],
            }
        },
    }
)


@pytest.fixture(autouse=True)
def turn() -> Iterator[None]:
    """A turn in Spanish is in hand."""
    token = CURRENT.set(Turn(at=NOW, slots={"language": "es"}))
    yield
    CURRENT.reset(token)


def talk(tracker: DialogueStateTracker, turns: int = 1, text: str = "hello") -> DialogueStateTracker:
    for _ in range(turns):
        tracker.update(UserUttered(text, {"name": "hello", "confidence": 1.0}), DOMAIN)
        tracker.update(ActionExecuted("utter_hello"), DOMAIN)
        tracker.update(ActionExecuted("action_listen"), DOMAIN)
    return tracker


def users(tracker: DialogueStateTracker) -> int:
    return sum(isinstance(event, UserUttered) for event in tracker.events)


async def test_another_process_finds_the_tracker(database: Database, ring: KeyRing) -> None:
    here, there = (BoundedTrackerStore(DOMAIN, database=database, ring=ring) for _ in range(2))
    sender = str(uuid4())
    await here.save(talk(await here.get_or_create_tracker(sender)))
    await here.finish_writing()
    found = await there.retrieve(sender)
    assert found is not None
    assert users(found) == 1
    assert found.get_slot("language") == "es"


async def test_the_turn_in_hand_sets_the_slots_of_a_known_tracker(database: Database, ring: KeyRing) -> None:
    trackers = BoundedTrackerStore(DOMAIN, database=database, ring=ring)
    sender = str(uuid4())
    await trackers.save(talk(await trackers.get_or_create_tracker(sender)))
    CURRENT.set(Turn(at=NOW, slots={"language": "en"}))
    assert (await trackers.get_or_create_tracker(sender)).get_slot("language") == "en"


async def test_new_tracker_listens(database: Database, ring: KeyRing) -> None:
    """Without it Rasa would run a session start, or wait for nothing for ever."""
    trackers = BoundedTrackerStore(DOMAIN, database=database, ring=ring)
    tracker = await trackers.get_or_create_tracker(str(uuid4()), append_action_listen=False)
    assert tracker.latest_action_name == "action_listen"


async def test_another_key_begins_anew(database: Database, ring: KeyRing) -> None:
    sender = str(uuid4())
    ours = BoundedTrackerStore(DOMAIN, database=database, ring=ring)
    await ours.save(talk(await ours.get_or_create_tracker(sender)))
    await ours.finish_writing()
    theirs = BoundedTrackerStore(DOMAIN, database=database, ring=KeyRing([make_key()]))
    assert await theirs.retrieve(sender) is None


async def test_a_forgotten_tracker_is_in_memory_no_more(database: Database, ring: KeyRing) -> None:
    trackers = BoundedTrackerStore(DOMAIN, database=database, ring=ring)
    gone, stays = str(uuid4()), str(uuid4())
    for sender in (gone, stays):
        await trackers.save(talk(await trackers.get_or_create_tracker(sender)))
    await trackers.forget(UUID(gone))
    async with database.transaction() as session:
        await session.execute(delete(Tracker).where(Tracker.conversation == UUID(gone)))
    await trackers.finish_writing()
    assert list(await trackers.keys()) == [stays]
    assert await trackers.retrieve(gone) is None
    assert await trackers.retrieve(stays) is not None


async def test_without_a_database_memory_keeps_the_last_conversations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store, "KEPT_IN_MEMORY", 3)
    trackers = BoundedTrackerStore(DOMAIN)
    senders = [str(uuid4()) for _ in range(5)]
    for sender in senders:
        await trackers.save(talk(await trackers.get_or_create_tracker(sender)))
    assert list(await trackers.keys()) == senders[2:]
    assert await trackers.retrieve(senders[0]) is None
    assert await trackers.retrieve(senders[4]) is not None


async def test_a_database_that_goes_away_is_left_alone(ring: KeyRing, tmp_path: Path) -> None:
    file = tmp_path / "gone" / "x.db"
    file.parent.mkdir()
    database = Database(f"sqlite+aiosqlite:///{file}", ring)
    await database.migrate()
    trackers = BoundedTrackerStore(DOMAIN, database=database, ring=ring)
    sender = str(uuid4())
    for left in list(file.parent.iterdir()):
        left.unlink()
    file.parent.rmdir()
    for turns in range(1, 4):
        began = time.monotonic()
        tracker = await trackers.get_or_create_tracker(sender)
        assert users(tracker) == turns - 1
        assert tracker.get_slot("language") == "es"
        await trackers.save(talk(tracker))
        await trackers.finish_writing()
        assert time.monotonic() - began < 0.5
    await database.close()


async def test_the_latest_save_wins(database: Database, ring: KeyRing) -> None:
    trackers = BoundedTrackerStore(DOMAIN, database=database, ring=ring)
    sender = str(uuid4())
    tracker = await trackers.get_or_create_tracker(sender)
    for _ in range(10):
        await trackers.save(talk(tracker))
        await asyncio.sleep(0)
    await trackers.finish_writing()
    found = await BoundedTrackerStore(DOMAIN, database=database, ring=ring).retrieve(sender)
    assert found is not None
    assert users(found) == 10


async def test_saving_outside_of_a_turn_is_a_mistake() -> None:
    CURRENT.set(None)
    trackers = BoundedTrackerStore(DOMAIN)
    with pytest.raises(RuntimeError, match="outside of a turn"):
        await trackers.save(await trackers.get_or_create_tracker(str(uuid4())))


@pytest.mark.parametrize("turns", [0, 5, 13, 14, 100])
def test_bounded_keeps_whole_turns_and_the_slots(turns: int) -> None:
    tracker = DialogueStateTracker.from_events(
        "x", [ActionExecuted("action_listen"), SlotSet("language", "es")], DOMAIN.slots, domain=DOMAIN
    )
    kept = bounded(talk(tracker, turns))
    assert len(kept) <= KEPT_EVENTS + 1
    again = DialogueStateTracker.from_events("x", kept, DOMAIN.slots, domain=DOMAIN)
    assert again.get_slot("language") == "es"
    assert again.latest_action_name == "action_listen"
    first = next(event for event in kept if not isinstance(event, SlotSet))
    assert isinstance(first, ActionExecuted)
    if turns > 13:
        assert users(again) == (KEPT_EVENTS - 1) // 3
