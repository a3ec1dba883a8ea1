"""The pages of reviewing: first, blind and deciding verdicts, a missed crisis, labels as a file."""

from __future__ import annotations

import re

from aiohttp.test_utils import TestServer
from sqlalchemy import select

from bot.messages import Risk
from bot.review.desk import DESK, Desk
from bot.review.keeping import choose
from bot.reviewing import waiting
from bot.services import Services
from bot.staff.roles import Role
from bot.transcripts.tables import AuditEntry, Handoff, HandoffReason, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, write
from tests.review.conftest import Browser, LogIn


def desk_of(server: TestServer) -> Desk:
    """The desk of a running server."""
    [pages] = [app for app in server.app._subapps if DESK in app]
    return pages[DESK]


async def turn_id(services: Services) -> str:
    async with services.database.reading() as session:
        return str(await session.scalar(select(Turn.id)))


async def message_page(one: Browser, path: str) -> str:
    answer = await one.get(path)
    while answer.status == 303:
        answer = await one.get(answer.headers["Location"])
    return await answer.text()


async def test_from_a_first_verdict_over_a_blind_one_to_a_decision(
    server: TestServer, log_in: LogIn, services: Services, clock: HandClock
) -> None:
    rae, tim = await log_in("rae", Role.REVIEWER), await log_in("tim", Role.REVIEWER)
    cleo = await log_in("cleo", Role.CLINICIAN)
    await write(services.database, services.ring, clock.now(), "my Zebra died laughing", CRISIS)
    await choose(desk_of(server))
    text = await message_page(rae, "/staff/review/next")
    assert "First verdict" in text
    assert 'class="level crisis"' in text
    path = f"/staff/review/messages/{await turn_id(services)}"
    assert (await rae.post(path, stage="first", verdict="wrong_answer")).status == 409
    done = await rae.post(path, stage="first", verdict="false_alarm", note="an idiom, quartz")
    assert done.headers["Location"] == "/staff/review/next?said=judged"
    assert "Nothing waits for a verdict of yours" not in await message_page(rae, path)
    assert "You have judged this message" in await message_page(rae, path)

    blind = await message_page(tim, "/staff/review/next")
    assert "Second, blind" in blind
    assert "my Zebra died laughing" in blind
    for hidden in ("quartz", "False alarm", "level crisis", "Crisis card", "<mark", "Rae", "suicide."):
        assert hidden not in blind.partition("<main")[2].partition('class="right"')[0], hidden
    await tim.post(path, stage="second", level="crisis", kind="suicide")

    assert "A clinician decides" in await message_page(await log_in("una", Role.REVIEWER), path)
    third = await message_page(cleo, "/staff/review/next")
    assert "Third, deciding" in third
    assert "an idiom, quartz" in third
    await cleo.post(path, stage="third", verdict="false_alarm")
    assert "Settled" in await message_page(cleo, path)
    labels = await cleo.get("/staff/review/labels")
    assert "NAME died laughing" in await labels.text()
    assert "attachment" in labels.headers["Content-Disposition"]
    assert (await rae.get("/staff/review/labels")).status == 403
    async with services.database.reading() as session:
        acts = set(await session.scalars(select(AuditEntry.action)))
        assert await waiting.counts(session) == {}
    assert {"reviewed", "transcript_viewed", "labels_read"} <= acts


async def test_a_missed_crisis_is_in_the_queue_at_once(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    rae = await log_in("rae", Role.REVIEWER)
    said = await write(services.database, services.ring, clock.now(), "the note is written", Risk())
    path = f"/staff/review/messages/{await turn_id(services)}"
    talk = await (await rae.get(f"/staff/transcripts/{said.conversation}")).text()
    assert path in talk
    done = await rae.post(path, stage="first", verdict="missed", level="emergency", kind="suicide")
    assert done.headers["Location"].endswith("said=missed-case")
    async with services.database.reading() as session:
        [(case, reason)] = (await session.execute(select(Handoff.id, Handoff.reason))).tuples().all()
    assert reason is HandoffReason.FOUND_IN_REVIEW
    queue = await (await rae.get("/staff/queue")).text()
    assert f"/staff/cases/{case}" in queue
    record = await (await rae.get("/staff/review")).text()
    assert re.search(r"Hazard record.*Emergency", record, re.DOTALL)


async def test_a_whole_conversation_is_judged(log_in: LogIn, services: Services, clock: HandClock) -> None:
    rae = await log_in("rae", Role.REVIEWER)
    said = await write(services.database, services.ring, clock.now(), "hello", Risk())
    path = f"/staff/transcripts/{said.conversation}"
    await rae.get(path)
    assert (await rae.post(f"{path}/verdict", verdict="missed")).status == 409
    assert (await rae.post(f"{path}/verdict")).status == 409
    for note in ("too long", "far too long"):
        assert (await rae.post(f"{path}/verdict", verdict="needs_editing", note=note)).status == 303
    text = await (await rae.get(path)).text()
    assert "far too long" in text
    assert text.count('class="note-text"') == 1
    listed = await (await rae.get("/staff/transcripts?reviewed=yes")).text()
    assert str(said.conversation) in listed


async def test_a_late_weekly_sample_is_told(
    server: TestServer, log_in: LogIn, services: Services, clock: HandClock
) -> None:
    await write(services.database, services.ring, clock.now(), "what is it", Risk())
    clock.advance(days=7)
    await choose(desk_of(server))
    rae = await log_in("rae", Role.REVIEWER)
    assert "Late:" not in await (await rae.get("/staff/review")).text()
    clock.advance(days=7)
    rae = await log_in("rae", Role.REVIEWER)
    assert "Late:" in await (await rae.get("/staff/review")).text()
