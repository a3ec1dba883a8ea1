"""Which servers have a phone beside their demo page, and who gets to it: this machine's own user alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.settings import Settings
from bot.simulator.demo_phone import is_offered
from tests.fixtures.server import Server, running
from tests.fixtures.stock import free_port

PHONE = "/demo/phone/phone"


@pytest.fixture(scope="module")
def trying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as `make run` makes it, without what takes long to load."""
    folder = tmp_path_factory.mktemp("trying")
    chosen = {"port": str(free_port()), "mode": "card-only", "model": str(folder / "none.tar.gz")}
    with running(folder, **chosen) as server:
        yield server


def test_a_server_of_ones_own_has_it() -> None:
    assert is_offered(Settings())
    assert is_offered(Settings(host="localhost", port=9000))


@pytest.mark.parametrize(
    "chosen",
    [
        {"sms_from": "+13215550100"},
        {"sms_unsigned": True},
        {"twilio_auth_token": ("a-token",)},
        {"twilio_account_sid": "AC1"},
        {"telnyx_public_key": "a-key"},
        {"telnyx_api_key": "a-key"},
        {"host": "0.0.0.0"},  # noqa: S104
        {"host": "192.168.1.7"},
        {"public_url": "https://chat.clinic.example"},
        {"trusted_proxies": ("10.0.0.1",)},
        {"port": 0},
    ],
    ids=lambda chosen: next(iter(chosen)),
)
def test_a_server_with_a_number_or_an_address_of_others_has_none(chosen: dict[str, Any]) -> None:
    assert not is_offered(replace(Settings(), **chosen))


def test_the_address_of_a_server_without_it_is_unknown(server: Server) -> None:
    assert "harborline sms-simulator" in httpx.get(f"{server.url}/").text
    for path in ("/demo/phone/", PHONE):
        assert httpx.get(f"{server.url}{path}").status_code == 404
    assert httpx.post(f"{server.url}/demo/phone/texts", json={"text": "hello"}).status_code == 404
    assert httpx.post(f"{server.url}/sms/twilio", data={"Body": "x"}).status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "chat.clinic.example"},
        {"Host": "192.168.1.7"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"X-Real-IP": "203.0.113.9"},
    ],
    ids=lambda headers: next(iter(headers.values())),
)
def test_whoever_comes_from_elsewhere_finds_nothing(trying: Server, headers: dict[str, str]) -> None:
    assert httpx.get(f"{trying.url}{PHONE}").status_code == 200
    assert httpx.get(f"{trying.url}{PHONE}", headers=headers).status_code == 404
    sent = httpx.post(f"{trying.url}/demo/phone/texts", json={"text": "hello"}, headers=headers)
    assert sent.status_code == 404


def test_only_its_own_network_may_text_and_send(trying: Server) -> None:
    assert httpx.post(f"{trying.url}/sms/twilio", data={"Body": "x"}).status_code == 403
    api = f"{trying.url}/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    assert httpx.post(api, data={"To": "+14075550142", "Body": "x"}).status_code == 401


def test_nobody_writes_as_staff_from_there(trying: Server) -> None:
    assert httpx.get(f"{trying.url}{PHONE}").json()["staff"] is False
    sent = httpx.post(f"{trying.url}/demo/phone/staff", json={"text": "hello"})
    assert sent.status_code == 404


def test_too_much_is_refused(trying: Server) -> None:
    sent = httpx.post(f"{trying.url}/demo/phone/texts", json={"text": "x" * 100_000})
    assert sent.status_code == 413


def test_the_log_says_where_it_is_and_nothing_of_what_was_written(trying: Server) -> None:
    words = "a sentence that no log may hold"
    said = httpx.post(f"{trying.url}/demo/phone/texts", json={"text": words}, timeout=15).json()
    assert said["texts"][-1]["by"] == "clinic"
    log = trying.log.read_text()
    assert f"{trying.url}/demo/phone/" in log
    assert words not in log
    assert said["number"] not in log
