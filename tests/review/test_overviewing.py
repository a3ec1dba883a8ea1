"""The overview with its charts, and the feedback page."""

from __future__ import annotations

import re

from sqlalchemy import select

from bot.messages import Risk
from bot.services import Services
from bot.staff.roles import Role
from bot.transcripts import feedback, turns
from bot.transcripts.entries import RecordedEntry
from bot.transcripts.tables import AuditEntry, Feedback, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, write
from tests.fixtures.examples import ANSWER, accepted, recorded
from tests.review.conftest import LogIn


async def test_numbers_link_to_their_rows_and_charts_are_images(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    rae = await log_in("rae", Role.REVIEWER)
    assert "Nothing in these days" in await (await rae.get("/staff/overview")).text()
    await write(services.database, services.ring, clock.now(), "i want to die", CRISIS)
    await write(services.database, services.ring, clock.now(), "what is it", Risk())
    clock.advance(minutes=2)
    text = await (await rae.get("/staff/overview")).text()
    assert "2 conversations" in text
    assert "level=crisis" in text
    assert "nothing reviewed yet" in text
    day = '<a href="/staff/transcripts?since=2026-03-02&amp;until=2026-03-02">2</a>'
    assert day in text
    for theme in ("", "?theme=dark"):
        for chart in ("days", "hours", "topics"):
            drawn = await rae.client.get(f"/staff/overview/{chart}.svg{theme}")
            body = await drawn.text()
            assert drawn.content_type == "image/svg+xml"
            assert "<svg" in body
            axis = re.findall(r"<text[^>]*>(\d+)</text>", body)
            assert len(set(axis)) == len(axis), "two lines of a chart with one number"
            # pygal writes its settings as a script; the policy lets none run, also when opened by itself.
            assert "script-src 'self'" in drawn.headers["Content-Security-Policy"]
            assert 'xlink:href="http' not in body
    assert (await rae.get("/staff/overview/secrets.svg")).status == 404
    long = await (await rae.get("/staff/overview?since=2001-01-01&until=2026-03-02")).text()
    assert long.count("since=20") < 1_200


async def test_feedback_is_read_where_it_was_given_and_dealt_with(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    rae = await log_in("rae", Role.REVIEWER)
    assert "Nothing is open" in await (await rae.get("/staff/feedback")).text()
    said = await write(services.database, services.ring, clock.now(), "what is it", Risk())
    async with services.database.transaction() as session:
        turn = (await session.scalars(select(Turn))).one()
        entry: RecordedEntry = recorded(accepted(said), ANSWER)
        answered = RecordedEntry(turn.id, said.conversation, entry.replies, entry.understood, 1, clock.now())
        await turns.record_outbound(session, services.ring, answered)
        await feedback.keep(
            session,
            services.ring,
            conversation=said.conversation,
            turn=turns.outbound_id(turn.id, 0),
            helpful=False,
            comment="<b>wrong</b> heron",
            now=clock.now(),
        )
        opinion = await session.scalar(select(Feedback.id))
    text = await (await rae.get("/staff/feedback")).text()
    assert "&lt;b&gt;wrong&lt;/b&gt; heron" in text
    assert f"/staff/transcripts/{said.conversation}?around=2#t2" in text
    assert (await rae.post(f"/staff/feedback/{opinion}", done="yes")).status == 303
    assert "heron" not in await (await rae.get("/staff/feedback")).text()
    assert "heron" in await (await rae.get("/staff/feedback?state=answered")).text()
    assert (await rae.post(f"/staff/feedback/{opinion}", done="no")).status == 303
    assert "heron" in await (await rae.get("/staff/feedback")).text()
    assert str(said.conversation) in await (await rae.get("/staff/transcripts?feedback=unhelpful")).text()
    async with services.database.reading() as session:
        acts = list(await session.scalars(select(AuditEntry.action)))
    assert acts.count("feedback_read") == 5
    assert acts.count("feedback_answered") == 2
