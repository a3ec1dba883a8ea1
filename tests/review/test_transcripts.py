"""The pages of conversations: filters in the address, views, search, reading; all of it audited."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from bot.audit.chain import detail_of
from bot.messages import Channel, Message, Risk
from bot.services import Services
from bot.staff.roles import Role
from bot.transcripts.tables import AuditEntry, Handoff
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, write
from tests.review.conftest import Browser, LogIn

WORDS = "the violet heron wants to die"


async def entries(services: Services, act: str) -> list[AuditEntry]:
    async with services.database.reading() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == act).order_by(AuditEntry.id)
        found = list(await session.scalars(wanted))
        session.expunge_all()
        return found


async def texted(
    services: Services, clock: HandClock, text: str, attachments: tuple[str, ...] = ()
) -> Message:
    """A text in a crisis, stored as it is accepted."""
    return await write(
        services.database,
        services.ring,
        clock.now(),
        text,
        CRISIS,
        channel=Channel.SMS,
        sender="+14075550142",
        attachments=attachments,
    )


@pytest.fixture
async def reviewer(log_in: LogIn) -> Browser:
    return await log_in("rae", Role.REVIEWER)


async def test_the_list_shows_no_words_and_keeps_its_filters_in_the_address(
    reviewer: Browser, services: Services, clock: HandClock
) -> None:
    said = await write(services.database, services.ring, clock.now(), WORDS)
    await write(services.database, services.ring, clock.now(), "what are the risks", Risk())
    text = await (await reviewer.get("/staff/transcripts")).text()
    assert text.count('class="line ') == 2
    assert "heron" not in text
    narrowed = await (await reviewer.get("/staff/transcripts?level=crisis&case=yes&nonsense=1")).text()
    assert narrowed.count('class="line ') == 1
    assert f"/staff/transcripts/{said.conversation}" in narrowed
    assert "crisis or above, with a case" in narrowed
    nothing = await (await reviewer.get("/staff/transcripts?since=2030-01-01")).text()
    assert "No conversation fits" in nothing
    assert await entries(services, "transcript_viewed") == []


async def test_the_list_goes_on_where_it_ended(
    reviewer: Browser, services: Services, clock: HandClock
) -> None:
    for number in range(53):
        await write(services.database, services.ring, clock.now(), f"question {number}", Risk())
        clock.advance(seconds=1)
    text = await (await reviewer.get("/staff/transcripts?channel=web")).text()
    [older] = re.findall(r'href="(/staff/transcripts\?channel=web&amp;before=[^"]+)"', text)
    rest = await (await reviewer.get(older.replace("&amp;", "&"))).text()
    assert (text.count('class="line '), rest.count('class="line ')) == (50, 3)
    assert "Newest" in rest
    assert "before=" not in rest.partition("Newest")[2].partition("</nav>")[0]


async def test_a_search_finds_marks_links_and_is_written_down(
    reviewer: Browser, services: Services, clock: HandClock
) -> None:
    said = await write(services.database, services.ring, clock.now(), WORDS)
    await reviewer.get("/staff/transcripts")
    answer = await reviewer.post("/staff/transcripts/search", words="HERON violet", level="crisis")
    text = await answer.text()
    assert "<mark>violet</mark> heron wants" in text
    assert f"/staff/transcripts/{said.conversation}?around=1#t1" in text
    [entry] = await entries(services, "searched")
    assert detail_of(entry, services.ring)["words"] == "HERON violet"
    assert detail_of(entry, services.ring)["filters"] == {"level": "crisis"}
    assert b"heron" not in (entry.detail or b"").lower()
    refused = await reviewer.post("/staff/transcripts/search", words="x")
    assert refused.status == 409
    assert "at least 2 letters" in await refused.text()


async def test_a_conversation_shows_what_was_understood_and_is_written_down(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    one = await log_in()
    said = await texted(services, clock, "call 321 555 0199, i want to die")
    path = f"/staff/transcripts/{said.conversation}"
    text = await (await one.get(path)).text()
    assert "want to die" in text
    assert "0199" not in text
    assert "+14075550142" not in text
    assert 'id="t1"' in text
    assert [each.subject for each in await entries(services, "transcript_viewed")] == [said.conversation]
    revealed = await (await one.post(f"{path}/reveal")).text()
    assert "0199" in revealed
    assert "+14075550142" in revealed
    assert len(await entries(services, "contact_revealed")) == 1
    rae = await log_in("rae", Role.REVIEWER)
    assert (await rae.post(f"{path}/reveal")).status == 403


async def test_what_came_with_a_text_is_named_and_not_fetched(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    one = await log_in()
    kinds = ("image/jpeg", "image/png", "audio/amr", "location", "application/<b>x</b>")
    said = await texted(services, clock, "look, i want to die", kinds)
    named = "Came with it: 2 pictures, a voice message or sound, a location, a file."
    async with services.database.reading() as session:
        case = await session.scalar(
            select(Handoff.id).where(
                Handoff.conversation_id == said.conversation, Handoff.closed_at.is_(None)
            )
        )
    for path in (f"/staff/transcripts/{said.conversation}", f"/staff/cases/{case}"):
        text = await (await one.get(path)).text()
        assert named in text
        assert "<b>x</b>" not in text
        assert "<img" not in text


async def test_views_are_saved_offered_and_removed(reviewer: Browser, log_in: LogIn) -> None:
    await reviewer.get("/staff/transcripts?level=crisis")
    saved = await reviewer.post("/staff/views", name="Crises & <b>", level="crisis", shared="yes")
    assert saved.headers["Location"] == "/staff/transcripts?level=crisis&said=view-saved"
    text = await (await reviewer.get("/staff/transcripts")).text()
    assert '<a href="/staff/transcripts?level=crisis">Crises &amp; &lt;b&gt;</a>' in text
    [remove] = re.findall(r"/staff/views/[\w-]+/remove", text)
    other = await log_in("ben")
    assert "Crises &amp;" in await (await other.get("/staff/transcripts")).text()
    assert (await other.post(remove)).status == 409
    assert (await reviewer.post(remove)).status == 303
    assert "Crises" not in await (await other.get("/staff/transcripts")).text()
    assert (await reviewer.post("/staff/views", name="")).status == 409
