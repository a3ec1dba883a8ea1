"""From a stored message to a line of training data: listed, scrubbed, assigned by a person, not before."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from bot.audit import Act
from bot.audit.chain import detail_of
from bot.checks import check
from bot.checks.utterances import training
from bot.cli import main
from bot.clock import SystemClock
from bot.encoders import shared
from bot.inbox.assigning import assign
from bot.inbox.listing import grouped
from bot.messages import Candidate, EngineReply, Reply, ReplyKind, Risk
from bot.replay import store
from bot.settings import ROOT
from bot.text import DataError
from bot.transcripts import feedback, turns
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing, make_key
from bot.transcripts.tables import AuditEntry, ReviewItem, ReviewReason, ReviewStage, Turn, Verdict
from bot.transcripts.unsettled import Unsettled, unsettled
from tests.fixtures.clock import HandClock
from tests.fixtures.examples import ANSWER, CRISIS, accepted, message, recorded

DECLINE = replace(ANSWER, kind=ReplyKind.DECLINE, response="utter_out_of_scope")
ASK_BACK = replace(ANSWER, kind=ReplyKind.ASK_BACK, response="utter_ask_back")
SEEMED = EngineReply((), "out_of_scope", 0.3, (Candidate("risks", 0.3), Candidate("insurance", 0.1)))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data"))


async def say(
    database: Database, ring: KeyRing, clock: HandClock, text: str, reply: Reply, risk: Risk | None = None
) -> Unsettled:
    """Store a message with its reply; what comes back is how the inbox would name it."""
    entry = accepted(message(clock.now(), text), risk or Risk())
    async with database.transaction() as session:
        await store(session, ring, entry)
        await turns.record_outbound(session, ring, replace(recorded(entry, reply), understood=SEEMED))
    return Unsettled(entry.turn, text, clock.now(), (), ("risks", "insurance"))


async def listed(database: Database, ring: KeyRing, clock: HandClock) -> dict[str, Unsettled]:
    async with database.reading() as session:
        found = await unsettled(session, ring, clock.now() - timedelta(days=1))
    return {each.text: each for each in found}


async def test_lists_what_was_not_understood(database: Database, ring: KeyRing, clock: HandClock) -> None:
    await say(database, ring, clock, "does it glow", DECLINE)
    await say(database, ring, clock, "and for whom", ASK_BACK)
    await say(database, ring, clock, "well answered", ANSWER)
    await say(database, ring, clock, "i want to die", DECLINE, CRISIS)
    found = await listed(database, ring, clock)
    assert {text: each.reasons for text, each in found.items()} == {
        "does it glow": ("declined",),
        "and for whom": ("asked back",),
    }
    assert found["does it glow"].candidates == ("risks", "insurance")


async def test_lists_what_people_and_staff_found_wrong(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    thumbed, corrected = [
        await say(database, ring, clock, text, ANSWER) for text in ("thumbed down", "corrected")
    ]
    async with database.transaction() as session:
        reply = turns.outbound_id(thumbed.turn, 0)
        chat = (await session.get_one(Turn, reply)).conversation_id
        await feedback.keep(
            session, ring, conversation=chat, turn=reply, helpful=False, comment=None, now=clock.now()
        )
        session.add(
            ReviewItem(
                turn_id=corrected.turn,
                conversation_id=(await session.get_one(Turn, corrected.turn)).conversation_id,
                reason=ReviewReason.CHOSEN,
                rank=0,
                twice=False,
                stage=ReviewStage.SETTLED,
                verdict=Verdict.WRONG_ANSWER,
                label="insurance",
                created_at=clock.now(),
                settled_at=clock.now(),
            )
        )
    found = await listed(database, ring, clock)
    assert {text: each.reasons for text, each in found.items()} == {
        "thumbed down": ("unhelpful",),
        "corrected": ("corrected",),
    }
    assert found["corrected"].label == "insurance"


async def test_looks_no_further_back_than_told(database: Database, ring: KeyRing, clock: HandClock) -> None:
    await say(database, ring, clock, "does it glow", DECLINE)
    clock.advance(days=2)
    assert await listed(database, ring, clock) == {}


def test_alike_messages_are_listed_together(clock: HandClock) -> None:
    texts = [
        "is parking free there",
        "do i pay for parking",
        "where can i park my car",
        "who won the world cup",
    ]
    messages = [Unsettled(uuid4(), text, clock.now(), ("declined",), ("risks",)) for text in texts]
    groups = grouped(messages, shared().encode)
    assert {each.text for each in groups[0].messages} == set(texts[:3])
    assert {each.text for each in groups[1].messages} == set(texts[3:])


def test_a_correction_by_staff_is_suggested_first(clock: HandClock) -> None:
    told = Unsettled(uuid4(), "does it glow", clock.now(), ("corrected",), ("risks", "insurance"), "more")
    assert grouped([told], shared().encode)[0].suggested == ("more", "risks", "insurance")


def test_assigned_messages_are_training_data_of_staff(data: Path) -> None:
    first = assign(data, "risks", ["does ket glow in the dark parts of a liver"])
    second = assign(data, "risks", ["would somebody grow a third purple elbow from it"])
    assert (len(first.written), len(second.written)) == (1, 1)
    text = (data / "nlu" / "risks.yml").read_text(encoding="utf-8")
    assert text.count("metadata: {author: staff}") == 1
    learned = {utterance.text: utterance.topic for utterance in training(data, [])}
    assert {learned[line] for line in (*first.written, *second.written)} == {"risks"}
    assert check(data) == []


def test_what_is_there_already_is_left_out(data: Path) -> None:
    there = training(data, [])[0].text
    before = (data / "nlu" / "risks.yml").read_text(encoding="utf-8")
    done = assign(data, "risks", [there.upper()])
    assert done.held == (there.upper(),)
    assert (data / "nlu" / "risks.yml").read_text(encoding="utf-8") == before


def test_an_unknown_topic_is_refused(data: Path) -> None:
    with pytest.raises(DataError, match="is no topic's file.*risks"):
        assign(data, "no such topic", ["does it glow"])


@dataclass
class Clinic:
    """A clinic whose commands are run: its database and keys."""

    url: str
    ring: KeyRing

    def decline(self, *texts: str) -> list[str]:
        """Store messages that were declined; their ids."""
        return asyncio.run(self._decline(texts))

    def logged(self, act: Act) -> list[dict[str, Any]]:
        """What the audit log tells of an act."""
        return asyncio.run(self._logged(act))

    async def _decline(self, texts: Sequence[str]) -> list[str]:
        database, clock = Database(self.url, self.ring), HandClock(SystemClock().now())
        said = [await say(database, self.ring, clock, text, DECLINE) for text in texts]
        await database.close()
        return [each.turn.hex for each in said]

    async def _logged(self, act: Act) -> list[dict[str, Any]]:
        database = Database(self.url, self.ring)
        async with database.reading() as session:
            wanted = select(AuditEntry).where(AuditEntry.action == act)
            found = [detail_of(entry, self.ring) for entry in await session.scalars(wanted)]
        await database.close()
        return found


@pytest.fixture
def clinic(sqlite_migrated: Path, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    key, file = make_key(), tmp_path / "inbox.db"
    shutil.copy(sqlite_migrated, file)
    made = Clinic(f"sqlite+aiosqlite:///{file}", KeyRing([key]))
    for setting, value in (("KEYS", key), ("DATABASE_URL", made.url), ("DATA", str(data))):
        monkeypatch.setenv(f"HARBORLINE_{setting}", value)
    return made


def test_the_commands(clinic: Clinic, data: Path) -> None:
    """Listed scrubbed by one command, written by the other, and then out of the inbox."""
    name = clinic.decline("my name is Xavier Quillfeather, does it glow")[0][:8]
    inbox = CliRunner().invoke(main, ["nlu", "inbox"])
    assert f"{name}  my name is NAME, does it glow  (declined)" in inbox.output
    assert "Quillfeather" not in inbox.output
    unknown = CliRunner().invoke(main, ["nlu", "assign", "risks", "ffffffff"])
    assert unknown.exit_code == 2
    assert "names no message" in unknown.output
    assert CliRunner().invoke(main, ["nlu", "assign", "risks", name]).exit_code == 0
    assert "    - my name is NAME, does it glow" in (data / "nlu" / "risks.yml").read_text(encoding="utf-8")
    assert CliRunner().invoke(main, ["nlu", "inbox"]).output == "The inbox is empty.\n"
    assert len(clinic.logged(Act.INBOX_VIEWED)) == 4


def test_what_teaches_nothing_is_dismissed_for_good(clinic: Clinic) -> None:
    nonsense, question = clinic.decline("qwe rty uio", "does it glow")
    done = CliRunner().invoke(main, ["nlu", "dismiss", nonsense[:8]])
    assert (done.exit_code, done.output) == (0, "put 1 out of the inbox\n")
    listing = CliRunner().invoke(main, ["nlu", "inbox"]).output
    assert question[:8] in listing
    assert nonsense[:8] not in listing
    assert CliRunner().invoke(main, ["nlu", "dismiss", nonsense[:8]]).exit_code == 2
    assert clinic.logged(Act.INBOX_DISMISSED) == [{"turns": [nonsense]}]
