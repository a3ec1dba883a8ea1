"""The whole program with a number: what it says at the start, and a text through its real webhook."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from bot.simulator.carrier import Carrier
from tests.fixtures.records import Records
from tests.fixtures.server import Server, environment, running
from tests.fixtures.stock import free_port
from tests.fixtures.texting import ACCOUNT, CLINIC, PERSON, TOKEN


def test_a_server_with_a_number_answers_a_crisis_and_stores_it(tmp_path: Path) -> None:
    port = str(free_port())
    chosen = {"port": port, "public_url": f"http://127.0.0.1:{port}", "mode": "card-only"}
    # Nothing that takes long to load: the card needs neither engine nor learned layer.
    chosen["model"] = str(tmp_path / "none.tar.gz")
    with running(tmp_path, twilio_auth_token=TOKEN, **chosen) as server:
        texts = asyncio.run(_talk(server))
        assert "911" in texts[0]
        assert httpx.post(f"{server.url}/sms/twilio", data={"Body": "x"}).status_code == 403
        assert httpx.post(f"{server.url}/sms/telnyx", data={"Body": "x"}).status_code == 404
        assert server.stop() == 0
    log = server.log.read_text()
    assert "none can be sent: set HARBORLINE_TWILIO_ACCOUNT_SID" in log
    assert PERSON not in log
    assert Records(server).notifications() == 1


async def _talk(server: Server) -> list[str]:
    carrier = Carrier(server.url, account=ACCOUNT, token=TOKEN, number=CLINIC)
    texts = [bubble.text for bubble in await carrier.text(PERSON, "i want to kill myself")]
    await carrier.close()
    return texts


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"sms_unsigned": "yes", "public_url": "https://chat.clinic.example"}, "HARBORLINE_SMS_UNSIGNED"),
        ({"sms_from": "1-800-CLINIC"}, "HARBORLINE_SMS_FROM"),
    ],
)
def test_a_server_that_could_not_be_trusted_does_not_start(
    tmp_path: Path, chosen: dict[str, str], problem: str
) -> None:
    server = Server(tmp_path, environment(tmp_path, **chosen))
    with pytest.raises(RuntimeError, match=problem):
        server.start()
