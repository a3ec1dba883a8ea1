"""R1: any text reaches the screening; any error body holds the numbers."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.channels import api as api_module
from bot.channels.bodies import MAX_BODY
from bot.channels.errors import MESSAGES
from bot.messages import Language
from tests.channels.listener import Chat, Client, Listener

HoldsNumbers = Callable[[Any], bool]


@pytest.mark.parametrize(
    ("sent", "heard"),
    [
        ('""', ""),
        ('"/restart"', "/restart"),
        ('"/inform{\\"safe\\": true}"', '/inform{"safe": true}'),
        (r'"half \ud83d a pair"', "half \ufffd a pair"),
        (r'"a\u0000b"', "a\ufffdb"),
        (r'"\u200b"', "\u200b"),
        ('"<b>bold</b>"', "<b>bold</b>"),
        (json.dumps("w" * 4_001), "w" * 4_001),
        (json.dumps("long " * 20_000), "long " * 20_000),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_every_text_is_heard(chat: Chat, listener: Listener, sent: str, heard: str) -> None:
    status = await _post_raw(chat, _whole(chat, sent).encode())
    assert status == 200
    assert listener.heard[0].text == heard


async def test_bytes_that_are_not_utf_8_are_replaced_and_the_rest_is_heard(
    chat: Chat, listener: Listener
) -> None:
    body = _whole(chat, '"no quiero vivir as@"').encode().replace(b"@", b"\xed")
    assert await _post_raw(chat, body) == 200
    assert listener.heard[0].text == "no quiero vivir as\ufffd"


async def test_the_charset_of_the_request_is_respected(chat: Chat, listener: Listener) -> None:
    body = _whole(chat, '"así"').encode("latin-1")
    assert await _post_raw(chat, body, content_type="application/json; charset=latin-1") == 200
    assert await _post_raw(chat, body, content_type="application/json; charset=klingon") == 200
    assert [message.text for message in listener.heard] == ["así", "as\ufffd"]


async def test_a_byte_order_mark_is_no_reason_to_refuse(chat: Chat, listener: Listener) -> None:
    assert await _post_raw(chat, b"\xef\xbb\xbf" + _whole(chat, '"hello"').encode()) == 200
    assert listener.heard[0].text == "hello"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b"[" * 100_000,
        b'{"text": ' + b"9" * 10_000 + b"}",
        b"\xff\xfe",
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_what_is_not_a_json_object_is_refused_with_the_numbers(
    chat: Chat, listener: Listener, holds_numbers: HoldsNumbers, body: bytes
) -> None:
    async with _raw(chat, body) as response:
        assert response.status == 400
        assert holds_numbers(await response.json())
    assert listener.heard == []


@pytest.mark.parametrize(
    "field",
    [
        {"text": None},
        {"text": 7},
        {"text": ["hello"]},
        {"conversation": "mine"},
        {"conversation": None},
        {"client_message_id": ""},
        {"client_message_id": 7},
        {"client_message_id": "x" * 129},
        {"client_message_id": "a\nb"},
        {"client_message_id": "\ud800"},
        {"language": "fr"},
        {"language": ["en"]},
    ],
    ids=str,
)
async def test_wrong_types_are_refused_with_the_numbers(
    chat: Chat, listener: Listener, holds_numbers: HoldsNumbers, field: dict[str, Any]
) -> None:
    status, body = await chat.post(field)
    assert (status, body["error"]["code"]) == (400, "bad_request")
    assert holds_numbers(body)
    assert listener.heard == []


@pytest.mark.parametrize("name", ["x" * 128, "ñ-7 é", "💬"])
async def test_ids_may_be_any_printable_text(chat: Chat, name: str) -> None:
    assert (await chat.post({"client_message_id": name}))[0] == 200


async def test_a_body_over_a_megabyte_is_refused_with_the_numbers(
    chat: Chat, listener: Listener, holds_numbers: HoldsNumbers
) -> None:
    status, body = await chat.post({"text": "x" * MAX_BODY})
    assert (status, body["error"]["code"]) == (413, "too_large")
    assert holds_numbers(body)
    assert listener.heard == []


async def test_a_body_just_under_a_megabyte_is_heard(chat: Chat, listener: Listener) -> None:
    status, _ = await chat.post({"text": "x" * (MAX_BODY - 1_000)})
    assert status == 200
    assert len(listener.heard[0].text) == MAX_BODY - 1_000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/nothing", 404),
        ("GET", "/api", 404),
        ("POST", "/api/", 404),
        ("GET", "/api/messages", 405),
        ("DELETE", "/api/conversations", 405),
        ("OPTIONS", "/api/messages", 405),
    ],
)
async def test_wrong_addresses_and_methods_get_the_numbers(
    client: Client, holds_numbers: HoldsNumbers, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as response:
        assert response.status == status
        assert holds_numbers(await response.json())
        assert ("Allow" in response.headers) == (status == 405)


async def test_errors_speak_spanish_to_a_spanish_browser(chat: Chat) -> None:
    _, body = await chat.post({"text": 7}, **{"Accept-Language": "es-US"})
    assert body["error"]["message"] == "No se pudo leer este mensaje."
    assert {"tel:988", "sms:988?&body=AYUDA"} <= {link["href"] for link in body["links"]}


async def test_a_failure_of_our_own_gets_the_numbers_and_logs_no_words(
    chat: Chat,
    listener: Listener,
    holds_numbers: HoldsNumbers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(message: Any, *, limited: bool = False) -> Any:
        raise RuntimeError(message.text)

    monkeypatch.setattr(listener, "exchange", broken)
    with caplog.at_level(logging.DEBUG):
        status, body = await chat.post({"text": "quetzal in the rigging"})
    assert status == 500
    assert holds_numbers(body)
    assert "RuntimeError" in caplog.text
    assert "quetzal" not in caplog.text + json.dumps(body)


async def test_a_body_that_never_ends_is_given_up(
    chat: Chat, holds_numbers: HoldsNumbers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_module, "BODY_DEADLINE", timedelta(seconds=0.1))

    async def drip() -> Any:
        yield b'{"text": '
        await asyncio.sleep(1)
        yield b'"late"}'

    async with _raw(chat, drip()) as response:
        assert response.status == 408
        assert holds_numbers(await response.json())


def test_every_error_code_has_both_languages() -> None:
    assert all(set(texts) == set(Language) for texts in MESSAGES.values())


def _whole(chat: Chat, text: str) -> str:
    return f'{{"conversation": "{chat.conversation}", "client_message_id": "m-1", "text": {text}}}'


def _raw(chat: Chat, body: Any, content_type: str = "application/json") -> Any:
    headers = {"Authorization": f"Bearer {chat.token}", "Content-Type": content_type}
    return chat.client.post("/api/messages", data=body, headers=headers)


async def _post_raw(chat: Chat, body: bytes, content_type: str = "application/json") -> int:
    async with _raw(chat, body, content_type) as response:
        status: int = response.status
        return status
