"""Saved views: one's own and shared, and unreadable without the key."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.browsing import views
from bot.browsing.filters import Filters
from bot.browsing.views import ViewError
from bot.messages import Level
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import SavedView
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import add_member

CRISES = Filters(level=Level.CRISIS)


async def test_views_are_kept_shared_and_removed(database: Database, ring: KeyRing, clock: HandClock) -> None:
    ada = await add_member(database, ring, clock.now())
    ben = await add_member(database, ring, clock.now(), login="ben")
    async with database.transaction() as session:
        for name, shared in (("  mine   alone ", False), ("For all", True)):
            await views.save(session, ring, ada.id, clock.now(), name=name, filters=CRISES, shared=shared)
        with pytest.raises(ViewError, match="needs a name"):
            await views.save(session, ring, ada.id, clock.now(), name=" ", filters=CRISES, shared=False)
        stored = (await session.scalars(select(SavedView.body))).all()
        assert not any(b"mine" in body for body in stored)
        mine = await views.views_for(session, ring, ada.id)
        assert [(view.name, view.filters, view.shared) for view in mine] == [
            ("For all", CRISES, True),
            ("mine alone", CRISES, False),
        ]
        assert [view.owner_name for view in await views.views_for(session, ring, ben.id)] == ["Ada"]
        with pytest.raises(ViewError, match="not yours"):
            await views.remove(session, mine[0].id, ben.id)
        await views.remove(session, mine[0].id, ada.id)
        assert len(await views.views_for(session, ring, ben.id)) == 0
