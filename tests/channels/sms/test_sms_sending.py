"""Outbound texts: queued, sent once, in order, retried or not, reported, and what staff are told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.channels.sms.telnyx import Telnyx
from bot.messages import Level
from bot.simulator.carrier import Fault
from bot.simulator.phone import By
from bot.texting import CannotTextError, Queued, Why, queue_text
from bot.texting.quiet import after_quiet_hours
from bot.texting.reporting import Reports, subject
from bot.texting.sending import wait_after
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import (
    Conversation,
    Delivery,
    Direction,
    Handoff,
    HandoffReason,
    Notification,
    Reason,
    TextMessage,
    Turn,
)
from tests.fixtures.clock import HandClock
from tests.fixtures.texting import PERSON, Line, open_line

HOME = ZoneInfo("America/New_York")
CRISIS = "i want to kill myself"
DAY = datetime(2026, 3, 2, 16, tzinfo=UTC)
"""Eleven in the morning in Florida."""


@pytest.fixture
async def line(database: Database, ring: KeyRing, tmp_path: Path) -> AsyncIterator[Line]:
    """Somebody who has written once, and a carrier that takes texts."""
    async with open_line(database, ring, tmp_path, HandClock(DAY)) as line:
        await line.text("is it addictive")
        yield line


async def queue(line: Line, text: str = "We will call you at three.", **more: Any) -> Queued:
    key = more.pop("key", f"staff:{uuid4()}")
    async with line.talk.database.transaction() as session:
        return await queue_text(
            session,
            line.talk.ring,
            await line.conversation(),
            text,
            key,
            line.talk.clock.now(),
            zone=HOME,
            **more,
        )


async def until(check: Callable[[], Any], seconds: float = 20) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while True:
            found = check()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)


def got(line: Line) -> list[str]:
    """What the phone got through the API and the response, without what it sent."""
    return [bubble.text for bubble in line.carrier.phone(PERSON).bubbles if bubble.by is By.CLINIC]


async def state(line: Line, queued: Queued) -> tuple[Delivery | None, str | None]:
    async with line.talk.database.transaction() as session:
        row = await session.get_one(Turn, queued.turn)
        return row.delivery, row.delivery_code


async def reaches(line: Line, queued: Queued, wanted: Delivery) -> None:
    async def there() -> bool:
        return (await state(line, queued))[0] is wanted

    await until(there)


async def test_a_text_is_sent_once_and_its_delivery_is_noted(line: Line) -> None:
    line.start_sending()
    first = await queue(line, key="staff:1")
    again = await queue(line, key="staff:1")
    assert (first.text, first.turn) == (again.text, again.turn)
    await reaches(line, first, Delivery.DELIVERED)
    assert got(line).count("We will call you at three.") == 1
    assert await line.scalar(select(TextMessage.external_id)) is not None


async def test_R23_what_is_sent_is_in_no_log(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        line.carrier.faults.append(Fault(400, 21211))
        line.start_sending()
        await reaches(line, await queue(line, "sentinel-9402"), Delivery.FAILED)
        await reaches(line, await queue(line, "sentinel-9403"), Delivery.DELIVERED)
    said = caplog.text
    assert "not sent: 21211" in said
    assert not any(word in said for word in ("sentinel", PERSON, PERSON[1:]))


async def test_a_long_text_goes_in_parts_one_after_the_other_and_the_rest_on_demand(line: Line) -> None:
    line.start_sending()
    said = " ".join(f"Sentence number {place} of a long text to you." for place in range(60))
    queued = await queue(line, said, hint="(Text MORE for the rest.)")
    assert queued.parts == 3
    await reaches(line, queued, Delivery.DELIVERED)
    parts = got(line)[-3:]
    assert [part[:6] for part in parts] == ["(1/3) ", "(2/3) ", "(3/3) "]
    assert parts[-1].endswith("(Text MORE for the rest.)")
    more = " ".join(await line.text("more"))
    assert "Sentence number 59" in more
    body = " ".join(part[6:].removesuffix(" (Text MORE for the rest.)") for part in (*parts, *got(line)[3:]))
    assert all(f"number {place} of" in body + more for place in range(60))


async def test_the_next_part_goes_after_ten_seconds_without_a_report(line: Line) -> None:
    line.carrier.reports = False
    line.start_sending()
    await queue(line, "word " * 150)
    await until(lambda: any(text.startswith("(1/") for text in got(line)))
    await asyncio.sleep(0.3)
    assert not any(text.startswith("(2/") for text in got(line))
    line.talk.clock.advance(seconds=11)
    await until(lambda: any(text.startswith("(2/") for text in got(line)))


@pytest.mark.parametrize("fault", [Fault(429, 20429), Fault(503, 20503)], ids=["429", "503"])
async def test_what_passes_is_tried_again_with_back_off(line: Line, fault: Fault) -> None:
    line.carrier.faults.extend([fault, fault])
    line.start_sending()
    queued = await queue(line)

    async def there() -> bool:
        line.talk.clock.advance(seconds=2)
        return (await state(line, queued))[0] is Delivery.DELIVERED

    await until(there)
    assert got(line).count("We will call you at three.") == 1
    assert await line.scalar(select(TextMessage.attempts)) == 3


async def test_an_opted_out_number_is_never_tried_again_and_is_known_from_then_on(line: Line) -> None:
    line.carrier.phone(PERSON).blocked = True
    line.start_sending()
    queued = await queue(line)
    await reaches(line, queued, Delivery.FAILED)
    assert await state(line, queued) == (Delivery.FAILED, "21610")
    assert await line.scalar(select(TextMessage.attempts)) == 1
    assert await line.scalar(select(Conversation.blocked_at)) is not None
    with pytest.raises(CannotTextError) as refused:
        await queue(line)
    assert refused.value.why is Why.BLOCKED
    assert await line.count(Handoff) == 0


@pytest.mark.parametrize("code", [30034, 21211], ids=["unregistered", "no number"])
async def test_what_does_not_pass_is_not_tried_again_and_its_code_is_kept(line: Line, code: int) -> None:
    line.carrier.faults.append(Fault(400, code))
    line.start_sending()
    queued = await queue(line)
    await reaches(line, queued, Delivery.FAILED)
    assert await state(line, queued) == (Delivery.FAILED, str(code))


async def test_a_text_whose_answer_was_lost_is_not_sent_twice(line: Line) -> None:
    line.carrier.faults.append(Fault(loses_answer=True))
    line.start_sending()
    queued = await queue(line)
    await reaches(line, queued, Delivery.DELIVERED)
    line.talk.clock.advance(minutes=5)
    await asyncio.sleep(0.3)
    assert got(line).count("We will call you at three.") == 1
    assert await line.scalar(select(TextMessage.external_id)) is not None


async def test_reports_only_move_forward(line: Line) -> None:
    queued = await queue(line)
    report = Reports(line.url, "twilio").of_text(queued.text)
    for said, known in (
        ("delivered", Delivery.DELIVERED),
        ("sent", Delivery.DELIVERED),
        ("queued", Delivery.DELIVERED),
        ("undelivered", Delivery.DELIVERED),
        ("delivered", Delivery.DELIVERED),
    ):
        assert (
            await line.carrier.report(report, "SM5", said, "30008" if said == "undelivered" else None) == 200
        )
        assert (await state(line, queued))[0] is known
    assert await line.carrier.report(Reports(line.url, "twilio").of_text(uuid4()), "SM6", "sent") == 200


async def test_R19_a_crisis_card_that_fails_is_told_to_staff_at_once(line: Line) -> None:
    bubbles = await line.bubbles(CRISIS)
    await line.carrier.settle()
    told = await line.count(Notification)
    turn = await line.scalar(
        select(Turn).where(Turn.direction == Direction.OUTBOUND).order_by(Turn.seq.desc()).limit(1)
    )
    assert turn.delivery is Delivery.DELIVERED
    bubbles = await line.bubbles("please help i want to die")
    line.carrier._background.clear()
    inbound = line.carrier.phone(PERSON).bubbles[-2]
    report = Reports(line.url, "twilio").of_reply(inbound.sid, 0, await line.conversation(), crisis=True)
    for _ in range(3):
        assert await line.carrier.report(report, bubbles[0].sid, "undelivered", "30003") == 200
    assert await line.count(Notification) == told + 1
    assert await line.count(Notification, Notification.reason == Reason.CANNOT_TEXT_BACK) == 1
    assert await line.count(Handoff) == 1


async def test_R19_every_code_of_a_crisis_text_pages(line: Line) -> None:
    codes = ["21610", *(str(code) for code in range(30003, 30009)), "30032", "30034"]
    for told, code in enumerate(codes, start=1):
        queued = await queue(line, "We read what you wrote. Call 988.", crisis=True)
        report = Reports(line.url, "twilio").of_text(queued.text)
        await line.carrier.report(report, "SM5", "undelivered", code)
        assert await state(line, queued) == (Delivery.FAILED, code)
        assert await line.count(Notification) == told
    assert await line.scalar(select(Handoff.reason)) is HandoffReason.CANNOT_TEXT_BACK
    assert await line.scalar(select(Handoff.level)) is Level.CRISIS


async def test_R19_a_crisis_text_that_is_not_even_taken_pages_within_a_minute(line: Line) -> None:
    line.carrier.faults.extend([Fault(503, 20503)] * 50)
    line.start_sending()
    await queue(line, "Call 988.", crisis=True)
    for _ in range(5):
        line.talk.clock.advance(seconds=12)
        await asyncio.sleep(0.1)

    async def told() -> bool:
        return await line.count(Handoff) == 1

    await until(told)
    assert await line.count(Notification) == 1


async def test_a_crisis_report_without_the_database_pages_from_memory(
    ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'none' / 'x.db'}", ring)
    async with open_line(away, ring, tmp_path, clock) as line:
        conversation = uuid4()
        report = Reports(line.url, "twilio").of_reply("SM1", 0, conversation, crisis=True)
        assert await line.carrier.report(report, "SM2", "failed", "30003") == 503
        assert [who for who, _ in line.talk.pager.paged] == [conversation]


async def test_an_unsigned_report_is_refused(line: Line) -> None:
    queued = await queue(line)
    report = Reports(line.url, "twilio").of_text(queued.text)
    status, _ = await line.carrier.post(
        report, {"MessageSid": "SM5", "MessageStatus": "failed"}, signature="x"
    )
    assert status == 403
    assert (await state(line, queued))[0] is Delivery.RECORDED


async def test_somebody_who_wants_no_texts_gets_none_but_in_a_crisis(line: Line) -> None:
    await line.text("please stop texting me")
    with pytest.raises(CannotTextError) as refused:
        await queue(line)
    assert refused.value.why is Why.OPTED_OUT
    line.start_sending()
    queued = await queue(line, "Call 988.", crisis=True)
    await reaches(line, queued, Delivery.DELIVERED)


async def test_a_text_that_waits_is_not_sent_once_the_person_opts_out(line: Line) -> None:
    later = line.talk.clock.now().replace(hour=20)
    queued = await queue(line, due_at=later)
    await line.text("no more texts please")
    line.talk.clock.advance(hours=5)
    line.start_sending()
    await reaches(line, queued, Delivery.FAILED)
    assert "We will call you at three." not in got(line)


async def test_nothing_goes_out_to_a_number_that_was_silent_for_ninety_days(line: Line) -> None:
    conversation = await line.conversation()
    line.talk.clock.advance(days=91)
    for crisis in (False, True):
        async with line.talk.database.transaction() as session:
            with pytest.raises(CannotTextError) as refused:
                await queue_text(
                    session,
                    line.talk.ring,
                    conversation,
                    "x",
                    "k",
                    line.talk.clock.now(),
                    zone=HOME,
                    crisis=crisis,
                )
        assert refused.value.why is Why.SILENT_90_DAYS


async def test_staff_may_not_begin_at_night_but_answer_and_warn(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    line.talk.clock.advance(hours=11)  # ten at night in Florida
    night = line.talk.clock.now()
    held = await queue(line)
    assert held.due_at.astimezone(HOME).hour == 8
    assert (await queue(line, crisis=True)).due_at == night
    staff = await line.scalar(select(TextMessage.id).limit(1))
    assert staff is not None
    await line.text("are you there")
    assert (await queue(line)).due_at == line.talk.clock.now()  # a conversation that is under way


async def test_an_override_of_quiet_hours_is_logged_and_kept(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    from bot.staff.roles import Role
    from tests.fixtures.desk import add_member

    line.talk.clock.advance(hours=11)
    member = await add_member(line.talk.database, line.talk.ring, line.talk.clock.now(), role=Role.REVIEWER)
    queued = await queue(line, override=member.id)
    assert queued.due_at == line.talk.clock.now()
    assert await line.scalar(select(TextMessage.override)) == member.id
    assert f"staff {member.id} texts in quiet hours" in caplog.text


@pytest.mark.parametrize(
    ("number", "at", "hour", "zone"),
    [
        ("+14075550142", "2026-03-03T01:59:00", 20, "America/New_York"),
        ("+14075550142", "2026-03-03T02:00:00", 8, "America/New_York"),
        ("+14075550142", "2026-03-03T12:59:00", 8, "America/New_York"),
        ("+14075550142", "2026-03-03T13:00:00", 8, "America/New_York"),
        ("+12135550142", "2026-03-03T13:00:00", 8, "America/Los_Angeles"),
        ("+18005550142", "2026-03-03T12:00:00", 8, "America/New_York"),
        # The night in which the clocks go forward.
        ("+14075550142", "2026-03-08T03:00:00", 8, "America/New_York"),
    ],
)
def test_quiet_hours_are_those_of_the_number(number: str, at: str, hour: int, zone: str) -> None:
    due = after_quiet_hours(datetime.fromisoformat(at).replace(tzinfo=UTC), number, HOME)
    assert due.astimezone(ZoneInfo(zone)).hour == hour
    assert due >= datetime.fromisoformat(at).replace(tzinfo=UTC)


def test_a_number_of_many_zones_waits_for_all_of_them() -> None:
    at = datetime(2026, 3, 3, 13, 30, tzinfo=UTC)  # 08:30 in New York, 05:30 in Los Angeles
    due = after_quiet_hours(at, "+18005550142", HOME)
    assert due >= at


def test_the_back_off_grows_and_an_open_question_waits_for_its_report() -> None:
    waits = [wait_after(attempts).total_seconds() for attempts in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[0] == 4
    assert waits[-1] == 600
    assert wait_after(1, uncertain=True).total_seconds() == 30


@pytest.mark.parametrize("query", [{}, {"text": "x"}, {"reply": "SM1", "place": "x"}, {"other": "1"}])
def test_a_report_of_something_else_is_about_nothing(query: dict[str, str]) -> None:
    assert subject(query) is None


async def test_through_an_api_alone_replies_are_queued_once_and_sent_in_order(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    from tests.channels.sms.test_sms_contract import PUBLIC, Api, telnyx_case

    sent: list[tuple[str, str]] = []

    class Kept(Telnyx):
        async def send(self, to: str, text: str, report_to: str) -> str:
            sent.append((text, report_to))
            return f"id{len(sent)}"

    provider = Kept(PUBLIC, clock=clock, key="KEY", sender="+13215550100")
    async with open_line(sqlite_database, ring, tmp_path, clock, make_provider=lambda _: provider) as line:
        case = telnyx_case(Api(), clock)
        line.start_sending()

        async def post(raw: bytes, path: str = "/sms/telnyx") -> int:
            assert line.carrier._http is not None
            async with line.carrier._http.post(line.url + path, data=raw, headers=case.signed(raw)) as answer:
                return answer.status

        await line.carrier.post(f"{line.url}/nothing", {})
        raw = case.text(text="is it addictive")
        assert {await post(raw) for _ in range(5)} == {200}
        await until(lambda: len(sent) == 1)
        assert "STOP" in sent[0][0]

        async def second() -> bool:
            # A report may overtake our own note of what was sent; carriers send more than one.
            assert await post(case.report(), sent[0][1].removeprefix(line.url)) == 200
            return len(sent) == 2

        # The second goes when the first has arrived.
        await until(second)
        assert sent[1][0].startswith("Yes, ketamine")
        assert await post(case.text(id="SM2", text=CRISIS)) == 200
        await until(lambda: len(sent) == 3)
        assert "911" in sent[2][0]
        assert await line.count(TextMessage, TextMessage.crisis) == 1
        await asyncio.sleep(0.2)
        assert len(sent) == 3


async def test_through_an_api_alone_a_crisis_is_answered_without_the_database(
    ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    from tests.channels.sms.test_sms_contract import PUBLIC, Api, telnyx_case

    sent: list[str] = []

    class Kept(Telnyx):
        async def send(self, to: str, text: str, report_to: str) -> str:
            sent.append(text)
            return "id"

    provider = Kept(PUBLIC, clock=clock, key="KEY", sender="+13215550100")
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'none' / 'x.db'}", ring)
    async with open_line(away, ring, tmp_path, clock, make_provider=lambda _: provider) as line:
        case = telnyx_case(Api(), clock)
        await line.carrier.post(f"{line.url}/nothing", {})
        raw = case.text(text=CRISIS)
        assert line.carrier._http is not None
        for _ in range(3):
            async with line.carrier._http.post(
                f"{line.url}/sms/telnyx", data=raw, headers=case.signed(raw)
            ) as answer:
                assert answer.status == 200
        await until(lambda: bool(sent))
        await asyncio.sleep(0.1)
        assert len(sent) == 1
        assert "911" in sent[0]
