"""Origin checks and CORS: our page and listed sites may use the API from a browser, others may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.channels.listener import Chat, Client, Listener

CLINIC = "https://www.clinic.example"


@pytest.mark.parametrize("origin", ["https://chat.clinic.example", CLINIC, "HTTPS://WWW.clinic.example"])
async def test_allowed_pages(chat: Chat, origin: str) -> None:
    assert (await chat.post({}, Origin=origin))[0] == 200


async def test_the_page_that_this_host_serves(chat: Chat, client: Client) -> None:
    own = f"http://{client.host}:{client.port}"
    assert (await chat.post({}, Origin=own))[0] == 200
    # A proxy that ends TLS leaves us with http.
    assert (await chat.post({}, Origin=own.replace("http:", "https:")))[0] == 200


async def test_no_origin_is_no_browser(chat: Chat) -> None:
    assert (await chat.post({}))[0] == 200


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://chat.clinic.example.evil.example",
        "http://chat.clinic.example",
        "https://chat.clinic.example:8443",
        "null",
        "",
        "https://[",
        "file://127.0.0.1",
    ],
)
async def test_other_pages_are_refused_with_the_numbers(
    chat: Chat, listener: Listener, holds_numbers: Callable[[Any], bool], origin: str
) -> None:
    status, body = await chat.post({}, Origin=origin)
    assert (status, body["error"]["code"]) == (403, "forbidden")
    assert holds_numbers(body)
    assert listener.heard == []


async def test_another_page_cannot_open_a_conversation(client: Client, listener: Listener) -> None:
    async with client.post("/api/conversations", headers={"Origin": "https://evil.example"}) as response:
        assert response.status == 403
        assert "Access-Control-Allow-Origin" not in response.headers
    assert listener.greeted == []


async def test_a_preflight_of_an_allowed_page(client: Client) -> None:
    headers = {"Origin": CLINIC, "Access-Control-Request-Method": "POST"}
    async with client.options("/api/messages", headers=headers) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == CLINIC
        assert response.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" in response.headers["Vary"]


async def test_a_preflight_of_another_page(client: Client) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    async with client.options("/api/messages", headers=headers) as response:
        assert response.status == 403
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_an_allowed_page_can_read_the_numbers_of_an_error(client: Client) -> None:
    async with client.post("/api/messages", headers={"Origin": CLINIC}) as response:
        assert response.status == 401
        assert response.headers["Access-Control-Allow-Origin"] == CLINIC
