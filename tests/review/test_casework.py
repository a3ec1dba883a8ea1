"""Working at the desk over HTTP: taking, losing a race, what is demanded, what the audit log then holds."""

from __future__ import annotations

import asyncio
import logging
import re
from uuid import UUID

import pytest
from sqlalchemy import select

from bot.audit.anchor import Anchor
from bot.audit.verify import verify
from bot.messages import Channel, Risk
from bot.services import Services
from bot.staff.roles import Role
from bot.transcripts.tables import AuditEntry, Handoff, Outcome
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, EMERGENCY, write
from tests.review.conftest import LogIn, NewBrowser


async def new_case(
    services: Services,
    clock: HandClock,
    text: str = "i want to die",
    risk: Risk = CRISIS,
    channel: Channel = Channel.WEB,
    sender: str | None = None,
) -> UUID:
    said = await write(
        services.database, services.ring, clock.now(), text, risk, channel=channel, sender=sender
    )
    async with services.database.reading() as session:
        found = await session.scalar(
            select(Handoff.id).where(
                Handoff.conversation_id == said.conversation, Handoff.closed_at.is_(None)
            )
        )
    assert found is not None
    return found


async def audited(services: Services, subject: UUID | None = None) -> list[str]:
    wanted = select(AuditEntry.action).order_by(AuditEntry.id)
    if subject is not None:
        wanted = wanted.where(AuditEntry.subject == subject)
    async with services.database.reading() as session:
        return list(await session.scalars(wanted))


async def test_an_empty_queue_explains_itself(log_in: LogIn) -> None:
    text = await (await (await log_in()).get("/staff/queue")).text()
    assert "The queue is empty" in text
    assert 'id="next"' not in text


async def test_take_next_leads_to_the_most_urgent_person(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    await new_case(services, clock, risk=CRISIS)
    urgent = await new_case(services, clock, risk=EMERGENCY)
    one = await log_in()
    taken = await one.post("/staff/next")
    assert taken.headers["Location"] == f"/staff/cases/{urgent}?said=taken"
    page = await (await one.get(taken.headers["Location"])).text()
    assert "This person is with you" in page
    assert 'class="note-text"' not in page
    await one.post("/staff/next")
    assert (await one.post("/staff/next")).headers["Location"] == "/staff/queue?said=nobody-waits"


async def test_of_fifty_racers_one_wins_and_the_others_read_who(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    case = await new_case(services, clock)
    ada, ben = await log_in(), await log_in("ben")
    racers = [ada, ben] * 25
    answers = await asyncio.gather(*(one.post(f"/staff/cases/{case}/take") for one in racers))
    assert {answer.status for answer in answers} == {303, 409}
    winners = {racers[place].cookie for place, answer in enumerate(answers) if answer.status == 303}
    losers = [answer for answer in answers if answer.status == 409]
    assert len(winners) == 1
    assert len(losers) == 25
    holder = "Ada" if winners == {ada.cookie} else "Ben"
    assert {f"{holder} has this case already" in await answer.text() for answer in losers} == {True}


async def test_passing_over_the_first_asks_why(log_in: LogIn, services: Services, clock: HandClock) -> None:
    await new_case(services, clock, risk=EMERGENCY)
    second = await new_case(services, clock)
    one = await log_in()
    assert "Why this one?" in await (await one.get(f"/staff/cases/{second}")).text()
    refused = await one.post(f"/staff/cases/{second}/take")
    assert refused.status == 409
    assert "Somebody else in the queue comes before" in await refused.text()
    taken = await one.post(f"/staff/cases/{second}/take", why="Another reason", other="quartz")
    assert taken.status == 303
    assert "quartz" in await (await one.get(f"/staff/cases/{second}")).text()


async def test_closing_demands_an_outcome(log_in: LogIn, services: Services, clock: HandClock) -> None:
    case = await new_case(services, clock)
    one = await log_in()
    await one.post("/staff/next")
    for outcome in ("", "nonsense"):
        answer = await one.post(f"/staff/cases/{case}/close", outcome=outcome)
        assert answer.status == 409
        assert "Choose what came of it" in await answer.text()
    done = await one.post(f"/staff/cases/{case}/close", outcome=Outcome.CALLED_911, remark="quartz")
    assert done.status == 303
    closed = await (await one.get("/staff/closed")).text()
    assert "911 was called" in closed
    assert "quartz" not in closed
    text = await (await one.get(f"/staff/cases/{case}")).text()
    assert "quartz" in text
    assert (await one.post(f"/staff/cases/{case}/take")).status == 409
    assert (await one.post(f"/staff/cases/{case}/reopen", why="")).status == 409
    assert (await one.post(f"/staff/cases/{case}/reopen", why="wrong one")).status == 303


async def test_a_colleagues_case_can_neither_be_closed_nor_kept(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    case = await new_case(services, clock)
    ada, ben = await log_in(), await log_in("ben")
    await ada.post("/staff/next")
    for act in ("close", "keep", "release"):
        answer = await ben.post(f"/staff/cases/{case}/{act}", outcome=Outcome.REACHED)
        assert answer.status == 409
        assert "Ada has this case" in await answer.text()


async def test_keep_release_and_note(log_in: LogIn, services: Services, clock: HandClock) -> None:
    case = await new_case(services, clock)
    one = await log_in()
    await one.post("/staff/next")
    await one.post(f"/staff/cases/{case}/keep", minutes="30")
    await one.post(f"/staff/cases/{case}/note", note="no answer yet")
    assert (await one.post(f"/staff/cases/{case}/note", note=" ")).status == 409
    await one.post(f"/staff/cases/{case}/release", why="end of shift")
    text = re.sub(r"(<[^>]+>|\s)+", " ", await (await one.get(f"/staff/cases/{case}")).text())
    for line in ("Ada took the case", "keeps the case for 30 minutes", "no answer yet", "gave the case back"):
        assert line in text


async def test_a_mention_is_shown_until_the_case_was_opened(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    case = await new_case(services, clock)
    ada, ben = await log_in(), await log_in("ben")
    await ada.post(f"/staff/cases/{case}/note", note="@ben please")
    assert "You are mentioned" in await (await ben.get("/staff/queue")).text()
    assert "You are mentioned" not in await (await ada.get("/staff/queue")).text()
    await ben.get(f"/staff/cases/{case}")
    assert "You are mentioned" not in await (await ben.get("/staff/queue")).text()


async def test_the_queue_shows_no_word_and_opening_a_case_is_written_down(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    case = await new_case(services, clock, "quartz i want to die")
    one = await log_in()
    assert "quartz" not in await (await one.get("/staff/queue")).text()
    assert await audited(services, case) == []
    assert "quartz" in await (await one.get(f"/staff/cases/{case}")).text()
    await one.get(f"/staff/cases/{case}/transcript", headers={"X-Background": "1"})
    await one.get(f"/staff/cases/{case}/print")
    assert await audited(services, case) == ["transcript_viewed", "transcript_viewed", "case_printed"]


async def test_numbers_are_masked_until_they_are_revealed_which_is_written_down(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    case = await new_case(
        services, clock, "reach me at 407-555-0199", channel=Channel.SMS, sender="+14075550142"
    )
    one = await log_in()
    masked = await (await one.get(f"/staff/cases/{case}")).text()
    assert "4075550142" not in masked
    assert "555-0199" not in masked
    shown = await (await one.post(f"/staff/cases/{case}/reveal")).text()
    assert 'href="tel:+14075550142"' in shown
    assert "407-555-0199" in shown
    assert "contact_revealed" in await audited(services, case)
    assert "looked at the full number" in shown
    assert "4075550142" not in await (await one.get(f"/staff/cases/{case}")).text()


async def test_a_reviewer_reads_and_changes_nothing(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    case = await new_case(services, clock)
    one = await log_in("rae", Role.REVIEWER)
    text = await (await one.get(f"/staff/cases/{case}")).text()
    assert "i want to die" in text
    assert "/take" not in text
    assert "/reveal" not in text


async def test_a_notification_leads_to_the_case(log_in: LogIn, services: Services, clock: HandClock) -> None:
    case = await new_case(services, clock)
    async with services.database.reading() as session:
        conversation = (await session.get_one(Handoff, case)).conversation_id
    answer = await (await log_in()).get(f"/staff/conversations/{conversation}")
    assert answer.headers["Location"] == f"/staff/cases/{case}"


async def test_a_long_queue_comes_in_pages(log_in: LogIn, services: Services, clock: HandClock) -> None:
    for _ in range(103):
        await new_case(services, clock)
    one = await log_in()
    first = await (await one.get("/staff/queue")).text()
    assert first.count('class="open"') == 100
    assert "103 people wait" in first
    assert (await (await one.get("/staff/queue?start=100")).text()).count('class="open"') == 3


async def test_the_audit_log_is_whole_after_all_that(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    case = await new_case(services, clock)
    admin = await log_in("root", Role.ADMIN)
    await admin.post("/staff/next")
    await admin.get(f"/staff/cases/{case}")
    page = await (await admin.get("/staff/audit")).text()
    for word in ("login", "case changed", "transcript viewed", "audit viewed"):
        assert word in page
    anchor = Anchor(services.settings.audit_anchor, services.ring)
    await anchor.drop(services.database, clock)
    assert (await verify(services.database, services.ring, anchor)).faults == ()


async def test_adding_somebody_gives_a_link_that_sets_the_account_up(
    log_in: LogIn, browser: NewBrowser, services: Services, clock: HandClock
) -> None:
    admin = await log_in("root", Role.ADMIN)
    made = await (await admin.post("/staff/people/add", login="cleo", name="Cleo", role="reviewer")).text()
    link = re.search(r'value="http://[^/]+(/staff/setup/[\w-]+)"', made)
    assert link is not None
    newcomer = await browser()
    assert "Welcome, Cleo" in await (await newcomer.get(link[1])).text()
    for password, again, why in (
        ("short", "short", "at least 12"),
        ("quiet harbour before dawn", "other", "differ"),
    ):
        refused = await newcomer.post(link[1], password=password, again=again)
        assert (refused.status, why in await refused.text()) == (403, True)
    chosen = {"password": "three quiet boats", "again": "three quiet boats"}
    assert "Your account is ready" in await (await newcomer.post(link[1], **chosen)).text()
    assert (await newcomer.get(link[1])).status == 403
    await newcomer.get("/staff/login")
    entered = await newcomer.post("/staff/login", login="cleo", password="three quiet boats")
    assert entered.status == 303


@pytest.mark.parametrize(("old", "status"), [("wrong", 403), ("quiet harbour before dawn", 303)])
async def test_changing_ones_password_takes_the_old_one(log_in: LogIn, old: str, status: int) -> None:
    one = await log_in()
    new = "four quiet boats at sea"
    answer = await one.post("/staff/account/password", old=old, password=new, again=new)
    assert answer.status == status
    assert (await one.get("/staff/queue")).status == (200 if status == 403 else 303)


async def test_without_a_database_the_desk_says_so(
    log_in: LogIn, services: Services, clock: HandClock
) -> None:
    one = await log_in()
    assert services.database.file is not None
    services.database.file.rename(services.database.file.with_suffix(".away"))
    answer = await one.get("/staff/queue")
    assert answer.status == 503
    assert "cannot reach the database" in await answer.text()


async def test_no_word_of_the_desk_reaches_a_log(
    log_in: LogIn, services: Services, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    """R23: through every form of the desk, and then with the database away."""
    for name in ("bot", "aiohttp.server"):
        caplog.set_level(logging.DEBUG, logger=name)
    case = await new_case(services, clock, "quartz i want to die")
    one = await log_in()
    await one.get(f"/staff/cases/{case}?said=quartz&before=quartz")
    for act in ("take", "note", "keep", "release", "close", "reopen", "reveal"):
        fields = {
            "why": "quartz",
            "other": "quartz",
            "note": "quartz",
            "remark": "quartz",
            "outcome": "quartz",
        }
        await one.post(f"/staff/cases/{case}/{act}", **fields)
    await one.post("/staff/login", login="quartz", password="quartz", code="quartz", next="/quartz")
    await one.get("/staff/setup/quartz")
    assert services.database.file is not None
    services.database.file.rename(services.database.file.with_suffix(".away"))
    assert (await one.post(f"/staff/cases/{case}/note", note="quartz")).status == 503
    assert "desk: StorageError" in caplog.text
    assert "quartz" not in caplog.text
