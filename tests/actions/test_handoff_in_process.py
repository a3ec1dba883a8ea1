"""`action_handoff` inside Harborline, where the hand-off is open before Rasa hears of the message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from actions.handoff import open_handoff
from actions.heard import Heard
from bot import handoff
from bot.messages import Channel, Kind, Language, Level, Message, Risk
from bot.transcripts import turns
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Handoff, HandoffTurn

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RISK = Risk(level=Level.CRISIS, kind=Kind.SUICIDE)


def heard(conversation: UUID, *, accepted: bool = True) -> Heard:
    return Heard(conversation, "words", "id-1", Channel.WEB, Language.EN, NOW, accepted)


async def counts(database: Database) -> list[int]:
    async with database.reading() as session:
        return list(await session.scalars(sa.select(Handoff.count)))


async def test_opening_again_changes_nothing(database: Database, ring: KeyRing) -> None:
    conversation, turn = uuid4(), uuid4()
    message = Message(conversation, Channel.WEB, "words", "id-1", NOW)
    async with database.transaction() as session:
        await turns.add_inbound(session, ring, turn, message, risk=RISK, language=Language.EN)
        await handoff.open(session, conversation, turn, RISK, NOW)
    for _ in range(2):
        await open_handoff(database, ring, heard(conversation), RISK)
    assert await counts(database) == [1]
    async with database.reading() as session:
        assert list(await session.scalars(sa.select(HandoffTurn.turn_id))) == [turn]


async def test_what_the_spool_holds_is_left_to_it(database: Database, ring: KeyRing) -> None:
    """Replaying the spool opens the hand-off, with the turn's own id: here it would be counted twice."""
    await open_handoff(database, ring, heard(uuid4()), RISK)
    assert await counts(database) == []


async def test_stock_rasa_opens_it(database: Database, ring: KeyRing) -> None:
    await open_handoff(database, ring, heard(uuid4(), accepted=False), RISK)
    assert await counts(database) == [1]


@pytest.mark.parametrize("messages", [1, 3])
async def test_one_open_handoff_a_conversation(
    make_database: Callable[..., Database], database_url: str, ring: KeyRing, messages: int
) -> None:
    database = make_database(database_url)
    await database.migrate()
    conversation = uuid4()
    for number in range(messages):
        said = Heard(conversation, "words", f"id-{number}", Channel.WEB, Language.EN, NOW, accepted=False)
        await open_handoff(database, ring, said, RISK)
    assert await counts(database) == [messages]
