"""POST /sms/twilio: signatures, retries, payloads as Twilio documents them, every failure."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from bot.channels.sms.refusing import RISE
from bot.channels.sms.twilio import Twilio, sign
from bot.messages import Candidate, Channel, EngineReply, Language, Utterance
from bot.replay import replay
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Direction, Handoff, Notification, Reason, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.talk import ANSWER, content
from tests.fixtures.texting import PERSON, TOKEN, Line, card, open_line

CRISIS = "i want to kill myself"
CANDIDATES = (Candidate("risks", 0.3), Candidate("insurance", 0.2))
INBOUND = Turn.direction == Direction.INBOUND
PAYLOADS: Mapping[str, Any] = json.loads(
    (Path(__file__).parent / "payloads.json").read_text(encoding="utf-8")
)


async def post(line: Line, params: Mapping[str, str], **more: Any) -> tuple[int, str]:
    return await line.carrier.post(f"{line.url}/sms/twilio", params, **more)


def params(**changed: str) -> dict[str, str]:
    return {**PAYLOADS["text"], "MessageSid": f"SM{uuid4().hex}", **changed}


async def test_a_question_is_answered_after_the_first_contact_text(line: Line) -> None:
    first, answer = await line.text("is it addictive")
    assert content().clinic.name in first
    assert all(word in first for word in ("automated", "rates may apply", "HELP", "STOP", "988"))
    assert answer.startswith("Yes, ketamine can be")
    assert await line.text("is it addictive") == [answer]


async def test_the_service_text_comes_again_after_seven_idle_days(line: Line) -> None:
    await line.text("is it addictive")
    line.talk.clock.advance(days=6, hours=23)
    assert len(await line.text("is it addictive")) == 1
    line.talk.clock.advance(days=7)
    assert "STOP" in (await line.text("is it addictive"))[0]


async def test_R17_a_first_text_in_crisis_gets_the_card_alone_and_one_message(line: Line) -> None:
    (text,) = await line.text(CRISIS)
    assert all(number in text[:153] for number in ("988", "(321) 415-3213", "911"))
    assert await line.count(Handoff) == 1
    first, _ = await line.text("is it addictive")
    assert "STOP" in first


async def test_R14_a_wrong_signature_is_refused_and_nothing_is_stored(line: Line) -> None:
    good = params(Body=CRISIS)
    url = f"{line.url}/sms/twilio"
    wrong = {
        "none": "",
        "other token": sign("another token of nobody", url, good),
        "other address": sign(TOKEN, "https://elsewhere.example/sms/twilio", good),
        "other words": sign(TOKEN, url, {**good, "Body": "hello"}),
        "trimmed": sign(TOKEN, url, {**good, "Body": f"{CRISIS} "}),
        "one parameter less": sign(TOKEN, url, {k: v for k, v in good.items() if k != "ToState"}),
    }
    for name, signature in wrong.items():
        assert (await post(line, good, signature=signature))[0] == 403, name
    assert await line.count(Turn) == 0
    assert line.hook.refusals.total == len(wrong)


async def test_R14_a_rise_of_wrong_signatures_alarms(
    line: Line, clock: HandClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(RISE - 1):
            await post(line, params(), signature="x")
        assert line.hook.refusals.warning is None
        await post(line, params(), signature="x")
    assert "ALARM" in caplog.text
    assert "HARBORLINE_PUBLIC_URL" in (line.hook.refusals.warning or "")
    clock.advance(minutes=11)
    assert line.hook.refusals.warning is None


async def test_R14_signatures_behind_a_messaging_service_and_with_unknown_parameters(line: Line) -> None:
    for extra in (
        {},
        {"MessagingServiceSid": f"MG{'a' * 32}"},
        {"Brand New": " spaces stay ", "Empty": "", "Nombre": "Muñoz & Söhne", "Emoji": "🌊"},
    ):
        assert (await post(line, params(**extra)))[0] == 200, extra


@pytest.mark.parametrize(
    "body",
    [
        "  is it addictive  ",
        "\tis it addictive\r\n",
        "a+b%20c&d=e",
        "¿é ñ ü?",
        "🙂" * 20,
        "w" * 1600,
        "",
        " ",
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_R14_the_signature_covers_the_body_untrimmed(line: Line, body: str) -> None:
    status, twiml = await post(line, params(Body=body))
    assert status == 200
    assert "<Message" in twiml


async def test_twilios_own_signature_vector(ring: KeyRing) -> None:
    """Twilio's published example: its URL, parameters and token, and the signature that it prints."""
    url, raw = (
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        (
            b"CallSid=CA1234567890ABCDE&Caller=%2B12349013030&Digits=1234&From=%2B12349013030&To=%2B18005551212"
        ),
    )
    signed = {"x-twilio-signature": "0/KCTR6DLpKmkAf8muzZqo1nDgQ="}
    assert Twilio(("12345",)).verify(raw, signed, url)
    assert Twilio(("new", "12345")).verify(raw, signed, url)
    assert not Twilio(("12345",)).verify(raw + b"&Extra=1", signed, url)
    assert not Twilio(("12345",)).verify(raw, {}, url)
    assert not Twilio(()).verify(raw, signed, url)


async def test_R15_fifty_copies_of_one_message_are_one_turn_with_the_same_answer(line: Line) -> None:
    same = params(Body="is it addictive")
    answers = await asyncio.gather(*(post(line, same) for _ in range(50)))
    assert {status for status, _ in answers} == {200}
    assert len({body for _, body in answers}) == 1
    assert await line.count(Turn, INBOUND) == 1
    assert await line.count(Turn, ~INBOUND) == 2


async def test_R15_the_same_words_under_two_ids_are_two_turns(line: Line) -> None:
    await line.text("is it addictive")
    await line.text("is it addictive")
    assert await line.count(Turn, INBOUND) == 2


async def test_R15_a_crisis_sent_again_is_one_hand_off(line: Line) -> None:
    same = params(Body=CRISIS)
    first = await post(line, same)
    line.talk.forget()
    line.hook.pacing.responder = line.talk.responder
    assert await post(line, same) == first
    assert await line.count(Handoff) == 1
    assert await line.count(Notification) == 1


@pytest.mark.parametrize("name", [name for name in PAYLOADS if not name.startswith("bad_")])
async def test_payloads_as_twilio_documents_them(line: Line, name: str) -> None:
    status, twiml = await post(line, PAYLOADS[name])
    assert status == 200
    assert "<Response" in twiml


@pytest.mark.parametrize("name", [name for name in PAYLOADS if name.startswith("bad_")])
async def test_a_signed_payload_without_what_it_must_have_goes_to_the_fallback(line: Line, name: str) -> None:
    assert (await post(line, PAYLOADS[name]))[0] == 400
    assert await line.count(Turn) == 0


async def test_another_channel_is_refused_with_the_numbers_and_not_stored(line: Line) -> None:
    status, twiml = await post(line, params(From=f"whatsapp:{PERSON}", Body=CRISIS))
    assert status == 200
    assert all(number in twiml for number in ("988", "911", "415-3213"))
    assert await line.count(Turn) == 0


@pytest.mark.parametrize("sender", ["88788", "729725", "BANKALERT", "Clinica", "INFO"])
async def test_machines_are_stored_and_not_answered(line: Line, sender: str) -> None:
    assert await line.text("Your code is 123456", sender) == []
    assert await line.text(CRISIS, sender) == []
    assert await line.count(Turn, INBOUND) == 2
    assert await line.count(Turn, ~INBOUND) == 0
    # Whoever is behind it, staff look at it, and know that they cannot text back.
    assert await line.scalar(select(Notification.reason)) is Reason.CANNOT_TEXT_BACK


async def test_pictures_voice_and_places_get_a_kind_text_and_the_numbers(line: Line) -> None:
    await line.text("hello")
    (text,) = await line.text("", attachments=("image/jpeg", "audio/amr"))
    assert text == card("media")
    assert "988" in text
    kept = await line.scalar(select(Turn.attachments).where(Turn.attachments.is_not(None)))
    assert kept == ["image/jpeg", "audio/amr"]


async def test_the_words_beside_a_picture_are_screened_and_answered(line: Line) -> None:
    (text,) = await line.text(CRISIS, attachments=("image/png",))
    assert "911" in text
    assert "cannot open" not in text
    answers = await line.text("is it addictive", attachments=("text/x-vcard",))
    assert answers[-1] == card("media")
    assert any(answer.startswith("Yes, ketamine can be") for answer in answers)


async def test_a_place_is_like_a_picture(line: Line) -> None:
    _, twiml = await post(line, params(Body="", Latitude="28.5", Longitude="-81.3", NumMedia="0"))
    assert "cannot open" in twiml


async def test_media_is_never_fetched(line: Line) -> None:
    """Its address is not even parsed: nothing of ours could fetch it."""
    event = line.provider.parse(
        b"MessageSid=MM1&From=%2B14075550142&NumMedia=1&MediaUrl0=http%3A%2F%2Fsentinel"
    )
    assert "sentinel" not in repr(event)


async def test_a_text_split_by_the_phone_is_read_together_in_either_order(line: Line) -> None:
    await line.text("i want to", "+14075550143")
    assert "911" in (await line.text("kill myself", "+14075550143"))[0]
    first = f"{'it has been a very long week and i have thought about it. ' * 2}i am sure that i want to ki"
    rest = "ll myself. please tell my sister that i am sorry for everything that i have done to her this year"
    assert "911" not in " ".join(await line.text(rest, "+14075550144"))
    assert "Call or text 988" in (await line.text(first, "+14075550144"))[0]


async def test_a_text_in_base64_is_read(line: Line) -> None:
    encoded = base64.b64encode(b"i want to kill myself").decode()
    (text,) = await line.text(encoded)
    assert "911" in text


@pytest.mark.parametrize("body", ["honorificabilitudinitatibus", "x" * 32, "abcd" * 10])
async def test_long_words_are_not_taken_for_base64(line: Line, body: str) -> None:
    await line.text(body)
    assert line.talk.engine.heard[0][0].text == body


async def test_numbered_choices_are_picked_by_number(line: Line) -> None:
    line.talk.engine.says = EngineReply((Utterance("utter_ask_back"),), candidates=CANDIDATES)
    assert "2) " in (await line.text("hello"))[-1]
    await line.text("2")
    assert line.talk.engine.heard[-1][0].text == content().question("insurance", Language.EN)


async def test_a_session_ends_after_a_day_and_the_language_stays(line: Line) -> None:
    line.talk.engine.says = EngineReply((Utterance("utter_ask_back"),), candidates=CANDIDATES)
    assert "1)" in (await line.text("¿la ketamina crea adicción en las personas?"))[-1]
    line.talk.clock.advance(hours=25)
    line.talk.engine.says = ANSWER
    (text,) = [said for said in await line.text("1") if "adic" in said]
    # It is no choice any more, but words of their own; they are still answered in Spanish.
    assert line.talk.engine.heard[-1][0].text == "1"
    assert text == content().reply("utter_faq/is_addictive", Language.ES, Channel.SMS).text


async def test_a_number_is_stored_encrypted_and_found_by_a_keyed_digest(line: Line) -> None:
    for spelling in ("+1 (407) 555-0142", "4075550142", PERSON):
        await line.text("is it addictive", spelling)
    assert await line.count(Conversation) == 1
    async with line.talk.database.transaction() as session:
        row = (await session.scalars(select(Conversation))).one()
    assert "5550142" not in repr(row.sender) + (row.sender_digest or "")


async def test_R23_words_and_numbers_are_in_no_log(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await line.text("sentinel-9401 is it addictive")
        await post(line, params(Body="sentinel-9401", From="+14075559401"), signature="x")
        await post(line, params(Body="sentinel-9401", From="whatsapp:+14075559401"))
        line.talk.engine.says = ZeroDivisionError("sentinel-9401")
        await line.text("sentinel-9401")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("bot")]
    assert ours
    assert not any("9401" in said or "555" in said for said in ours)


async def test_R18_over_the_limit_a_question_waits_and_a_crisis_does_not(line: Line) -> None:
    for _ in range(31):
        last = await line.text("is it addictive")
    assert last == [card("limited")]
    assert "911" in (await line.text(CRISIS))[0]


async def test_a_hung_engine_is_answered_within_three_seconds(line: Line) -> None:
    line.talk.engine.takes_seconds = 4
    began = time.monotonic()
    status, twiml = await post(line, params(Body="is it addictive"))
    assert time.monotonic() - began < 3
    assert (status, "988" in twiml) == (200, True)
    line.talk.engine.takes_seconds = 0


async def test_a_failure_of_our_own_gives_the_numbers(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(line.hook.answers), "texts", None)
    status, twiml = await post(line, params(Body="is it addictive"))
    assert status == 200
    assert all(number in twiml for number in ("988", "911", "415-3213"))


async def test_no_other_provider_is_served(line: Line) -> None:
    assert (await line.carrier.post(f"{line.url}/sms/telnyx", params()))[0] == 404


async def test_control_characters_make_no_invalid_twiml(line: Line) -> None:
    for body in ("a\x00b\x01c\x1f", "\x0b\x0c", "<Message>&amp;</Response>", "\ufffe"):
        assert (await post(line, params(Body=body)))[0] == 200


async def test_without_the_database_texts_are_spooled_answered_and_replayed_once(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'none' / 'x.db'}", ring)
    same = params(Body=CRISIS)
    async with open_line(away, ring, tmp_path, clock) as line:
        first = await post(line, same)
        assert "911" in first[1]
        assert (await post(line, params(Body="is it addictive")))[0] == 200
        for _ in range(3):
            assert "911" in (await post(line, same))[1]
        assert line.talk.pager.paged
    for _ in range(2):
        await replay(line.talk.spool, sqlite_database, ring)
    line.talk.database = sqlite_database
    assert await line.count(Turn, INBOUND) == 2
    assert await line.count(Handoff) == 1
    assert await line.count(Conversation) == 1


async def test_a_text_spooled_for_a_number_with_a_history_is_replayed_into_its_conversation(
    sqlite_database: Database, ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    async with open_line(sqlite_database, ring, tmp_path, clock) as line:
        await line.text("is it addictive")
        clock.advance(days=120)
        await line.text("is it addictive")  # a new owner of the number
        assert await line.count(Conversation) == 2
        latest = await line.conversation()
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'none' / 'x.db'}", ring)
    async with open_line(away, ring, tmp_path, clock) as cut_off:
        await cut_off.text("is it addictive")
    await replay(cut_off.talk.spool, sqlite_database, ring)
    line.talk.database = sqlite_database
    assert await line.count(Turn, INBOUND, Turn.conversation_id == latest) == 2


async def test_a_reassigned_number_begins_anew(line: Line) -> None:
    await line.text(CRISIS)
    old = await line.conversation()
    line.talk.clock.advance(days=91)
    texts = await line.text("is it addictive")
    assert await line.conversation() != old
    assert "STOP" in texts[0]
    assert "Free, 24/7" not in texts[-1]


async def test_many_numbers_at_once_are_all_answered_and_none_is_lost(line: Line) -> None:
    """A hundred and fifty here, a thousand in `python -m bench.sms`: most of them are answered in a rush."""
    line.carrier.reports = False
    numbers = [f"+1407{5_550_000 + place}" for place in range(150)]
    answers = await asyncio.gather(*(line.carrier.text(number, CRISIS) for number in numbers))
    said = {tuple(bubble.text for bubble in texts) for texts in answers}
    assert [["988" in text for text in texts] for texts in said] == [[True]]
    await replay(line.talk.spool, line.talk.database, line.talk.ring)
    for table, where in ((Conversation, ()), (Turn, (INBOUND,)), (Turn, (~INBOUND,)), (Handoff, ())):
        assert await line.count(table, *where) == 150
