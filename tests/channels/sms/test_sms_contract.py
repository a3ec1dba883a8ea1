"""What every provider must do, for both of ours: verify, parse, respond, send."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.channels.sms import telnyx, twilio
from bot.channels.sms.telnyx import Telnyx
from bot.channels.sms.twilio import Twilio, sign
from bot.messages import CarrierAct
from bot.texting.provider import Failed, Failure, Inbound, MalformedError, Provider, Said, Status
from bot.transcripts.tables import Delivery
from tests.fixtures.clock import HandClock
from tests.fixtures.texting import ACCOUNT, CLINIC, PERSON, TOKEN

URL = "https://chat.clinic.example/sms/x"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


@dataclass
class Api:
    """A provider's REST API that answers what it is told to."""

    url: str = ""
    answers: deque[Callable[[web.Request], Any]] = field(default_factory=deque)
    taken: list[dict[str, Any]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        form = await (request.post() if "Messages.json" in request.path else request.json())
        self.taken.append({**form, "authorization": request.headers.get("Authorization", "")})
        answer = self.answers.popleft()(request)
        given: web.StreamResponse = await answer if asyncio.iscoroutine(answer) else answer
        return given


@dataclass
class Case:
    """One provider, and how its side speaks."""

    provider: Provider
    api: Api
    signed: Callable[[bytes], dict[str, str]]
    text: Callable[..., bytes]
    report: Callable[..., bytes]
    took: Callable[[web.Request], web.Response]
    error: Callable[[int, int], Callable[[web.Request], web.Response]]
    codes: dict[Failed, tuple[int, int]]


def twilio_case(api: Api) -> Case:
    def text(**more: str) -> bytes:
        return urlencode(
            {"MessageSid": "SM1", "From": PERSON, "To": CLINIC, "Body": "hola ñ ", "NumMedia": "0", **more}
        ).encode()

    def signed(raw: bytes) -> dict[str, str]:
        return {twilio.SIGNATURE: sign(TOKEN, URL, dict(twilio._params(raw)))}

    def error(status: int, code: int) -> Callable[[web.Request], web.Response]:
        return lambda _: web.json_response({"code": code, "message": "x", "status": status}, status=status)

    return Case(
        Twilio((TOKEN,), account=ACCOUNT, sender=CLINIC, api=api.url),
        api,
        signed,
        text,
        lambda state="delivered", code="": urlencode(
            {"MessageSid": "SM9", "MessageStatus": state, **({"ErrorCode": code} if code else {})}
        ).encode(),
        lambda _: web.json_response({"sid": "SM9", "status": "queued"}, status=201),
        error,
        {
            Failed.OPTED_OUT: (400, 21610),
            Failed.RETRY: (429, 20429),
            Failed.PERMANENT: (400, 21211),
            Failed.FILTERED: (400, 30007),
            Failed.UNREGISTERED: (400, 30034),
        },
    )


def telnyx_case(api: Api, clock: HandClock) -> Case:
    def event(kind: str, payload: dict[str, Any]) -> bytes:
        return json.dumps({"data": {"event_type": kind, "id": "e1", "payload": payload}}).encode()

    def text(**more: Any) -> bytes:
        payload = {"id": "SM1", "from": {"phone_number": PERSON}, "text": "hola ñ ", "media": [], **more}
        return event("message.received", payload)

    def report(state: str = "delivered", code: str = "") -> bytes:
        errors = [{"code": code}] if code else []
        return event("message.finalized", {"id": "SM9", "to": [{"status": state}], "errors": errors})

    def signed(raw: bytes) -> dict[str, str]:
        stamp = str(int(clock.now().timestamp()))
        signature = base64.b64encode(KEY.sign(f"{stamp}|".encode() + raw)).decode()
        return {"Telnyx-Signature-Ed25519": signature, "Telnyx-Timestamp": stamp}

    def error(status: int, code: int) -> Callable[[web.Request], web.Response]:
        return lambda _: web.json_response({"errors": [{"code": str(code)}]}, status=status)

    return Case(
        Telnyx(PUBLIC, clock=clock, key="KEY", sender=CLINIC, api=api.url),
        api,
        signed,
        text,
        report,
        lambda _: web.json_response({"data": {"id": "SM9"}}),
        error,
        {
            Failed.OPTED_OUT: (400, 40300),
            Failed.RETRY: (429, 10011),
            Failed.PERMANENT: (400, 40310),
            Failed.FILTERED: (400, 40002),
            Failed.UNREGISTERED: (400, 40010),
        },
    )


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    api, app = Api(), web.Application()
    app.router.add_post("/{path:.*}", api.handle)
    server = TestServer(app)
    await server.start_server()
    api.url = str(server.make_url("")).rstrip("/")
    yield api
    await server.close()


@pytest.fixture(params=["twilio", "telnyx"])
def case(request: pytest.FixtureRequest, api: Api, clock: HandClock) -> Case:
    return twilio_case(api) if request.param == "twilio" else telnyx_case(api, clock)


def test_R14_it_believes_its_own_signature_and_no_other(case: Case) -> None:
    raw = case.text()
    good = case.signed(raw)
    assert case.provider.verify(raw, good, URL)
    assert not case.provider.verify(raw + b" ", good, URL)
    assert not case.provider.verify(raw, {}, URL)
    for name, value in good.items():
        for wrong in ("", "AAAA", value[:-4] + "AAA=", value[::-1], "\u00e9"):
            assert not case.provider.verify(raw, {**good, name: wrong}, URL)


def test_it_reads_a_text(case: Case) -> None:
    assert case.provider.parse(case.text()) == Inbound("SM1", PERSON, "hola ñ ")


def test_it_reads_reports(case: Case) -> None:
    assert case.provider.parse(case.report()) == Status("SM9", Delivery.DELIVERED)
    assert case.provider.parse(case.report("sent")) == Status("SM9", Delivery.SENT)
    failed = "undelivered" if isinstance(case.provider, Twilio) else "delivery_failed"
    assert case.provider.parse(case.report(failed, "30003")) == Status("SM9", Delivery.FAILED, "30003")
    assert case.provider.parse(case.report("no such state")) is None


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'{"data": 1}', b"a=b&c"])
def test_what_is_no_event_is_malformed(case: Case, raw: bytes) -> None:
    with pytest.raises(MalformedError):
        case.provider.parse(raw)


def test_it_answers_in_the_response_or_says_that_it_cannot(case: Case) -> None:
    answer = case.provider.respond([Said("one < two & ñ", "https://x/?a=1&b=2"), Said("next")])
    assert (answer is not None) == case.provider.abilities.sync_reply
    if answer is not None:
        assert answer.body.count("<Message") == 2
        assert "one &lt; two &amp; ñ" in answer.body
        assert 'statusCallback="https://x/?a=1&amp;b=2"' in answer.body
        empty = case.provider.respond([])
        assert empty is not None
        assert "<Message" not in empty.body


async def test_it_sends(case: Case) -> None:
    case.api.answers.append(case.took)
    assert await case.provider.send(PERSON, "hola ñ", "https://x/status?text=1") == "SM9"
    sent = case.api.taken[0]
    assert PERSON in sent.values()
    assert "hola ñ" in sent.values()
    assert "https://x/status?text=1" in sent.values()
    assert sent["authorization"]


@pytest.mark.parametrize("why", list(Failed))
async def test_it_tells_what_may_be_done_about_a_failure(case: Case, why: Failed) -> None:
    status, code = case.codes[why]
    case.api.answers.append(case.error(status, code))
    failure = await case.provider.send(PERSON, "x", "")
    assert failure == Failure(why, str(code))


async def test_a_fault_of_the_server_passes(case: Case) -> None:
    case.api.answers.append(case.error(503, 99999))
    failure = await case.provider.send(PERSON, "x", "")
    assert isinstance(failure, Failure)
    assert failure.why is Failed.RETRY


async def test_an_answer_that_is_lost_leaves_it_open_whether_the_text_was_taken(case: Case) -> None:
    def lost(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    case.api.answers.append(lost)
    failure = await case.provider.send(PERSON, "x", "")
    assert isinstance(failure, Failure)
    assert (failure.why, failure.uncertain) == (Failed.RETRY, True)


async def test_a_time_out_leaves_it_open(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio, "SEND_SECONDS", -0.7)
    monkeypatch.setattr(telnyx, "SEND_SECONDS", 0.3)

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    case.api.answers.append(lambda request: slow(request))
    failure = await case.provider.send(PERSON, "x", "")
    assert isinstance(failure, Failure)
    assert (failure.why, failure.uncertain) == (Failed.RETRY, True)


async def test_nobody_there_was_not_taken(clock: HandClock) -> None:
    for provider in (
        Twilio((TOKEN,), account=ACCOUNT, sender=CLINIC, api="http://127.0.0.1:9"),
        Telnyx(PUBLIC, clock=clock, key="KEY", sender=CLINIC, api="http://127.0.0.1:9"),
    ):
        failure = await provider.send(PERSON, "x", "")
        assert failure == Failure(Failed.RETRY, "unreachable")


def test_telnyx_believes_nothing_old(clock: HandClock) -> None:
    case = telnyx_case(Api(), clock)
    raw = case.text()
    signed = case.signed(raw)
    for minutes, believed in ((4, True), (6, False)):
        clock.advance(minutes=minutes)
        assert case.provider.verify(raw, signed, URL) is believed
        clock.advance(minutes=-2 * minutes)
        assert case.provider.verify(raw, signed, URL) is believed
        clock.advance(minutes=minutes)
    for stamp in ("", "now", "1e9", "-1", "９９"):
        assert not case.provider.verify(raw, {**signed, "Telnyx-Timestamp": stamp}, URL)


def test_twilio_says_what_it_took_a_text_for(api: Api) -> None:
    case = twilio_case(api)
    for word in CarrierAct:
        event = case.provider.parse(case.text(OptOutType=word.value))
        assert isinstance(event, Inbound)
        assert event.carrier is word
    event = case.provider.parse(case.text(OptOutType="nothing we know"))
    assert isinstance(event, Inbound)
    assert event.carrier is None


def test_telnyx_attachments(clock: HandClock) -> None:
    case = telnyx_case(Api(), clock)
    media = [{"url": "https://sentinel", "content_type": "image/png"}, {"url": "https://sentinel"}]
    event = case.provider.parse(case.text(media=media, text=None))
    assert event == Inbound("SM1", PERSON, "", attachments=("image/png", "unknown"))
