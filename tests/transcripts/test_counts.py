"""R10: what is published holds numbers alone, and no heartbeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.messages import ReplyKind
from bot.replay import store
from bot.transcripts import turns
from bot.transcripts.counts import referrals
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from tests.fixtures.examples import ANSWER, CRISIS, accepted, message, recorded

CARD = replace(ANSWER, kind=ReplyKind.CRISIS)
LATE_IN_MAY = datetime(2026, 6, 1, 3, 59, tzinfo=UTC)
"""Still May in New York."""
IN_JUNE = datetime(2026, 6, 1, 4, tzinfo=UTC)


async def test_cards_are_counted_by_the_month_of_the_clinic(database: Database, ring: KeyRing) -> None:
    for at, reply, synthetic in (
        (LATE_IN_MAY, CARD, False),
        (IN_JUNE, CARD, False),
        (IN_JUNE, CARD, False),
        (IN_JUNE, ANSWER, False),
        (IN_JUNE, CARD, True),
    ):
        entry = accepted(replace(message(at), synthetic=synthetic), CRISIS)
        async with database.transaction() as session:
            await store(session, ring, entry)
            await turns.record_outbound(session, ring, recorded(entry, reply))
    async with database.reading() as session:
        counted = await referrals(session, ZoneInfo("America/New_York"))
    assert counted == {"2026-05": 1, "2026-06": 2}
