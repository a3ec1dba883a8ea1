"""From a crisis message to a page, through the whole program: real server, roster and HTTP recipient."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from bot.settings import ROOT
from bot.transcripts.tables import Handoff, HandoffReason
from tests.fixtures.crisis import CRISIS
from tests.fixtures.records import Records
from tests.fixtures.server import Server, running

ROSTER = """
time_zone: America/New_York
contacts:
  ana: {name: Ana, address: HARBORLINE_CONTACT_ANA}
  bo: {name: Bo, address: HARBORLINE_CONTACT_BO}
first:
  - {who: [ana], days: [every], from: "00:00", to: "00:00"}
next:
  - {who: [bo], days: [every], from: "00:00", to: "00:00"}
"""


@dataclass
class Pagers:
    """Takes pages over HTTP, each at the path of whoever is paged; `status` is the answer at a path."""

    url: str
    status: dict[str, int] = field(default_factory=dict)
    received: list[tuple[str, float, dict[str, Any]]] = field(default_factory=list)

    def at(self, path: str) -> list[dict[str, Any]]:
        """What arrived there."""
        return [page for where, _, page in list(self.received) if where == path]

    def wait(self, path: str, *, count: int = 1, seconds: float = 15) -> list[dict[str, Any]]:
        """Wait until so many pages have arrived there."""
        deadline = time.monotonic() + seconds
        while len(self.at(path)) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.at(path)) == count
        return self.at(path)


@pytest.fixture
def pagers() -> Iterator[Pagers]:
    """A listening HTTP server."""

    class Take(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # noqa: N802 - the library's name
            page = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.received.append((self.path, time.monotonic(), page))
            self.send_response(made.status.get(self.path, 200))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Take) as listening:
        made = Pagers(f"json://127.0.0.1:{listening.server_port}")
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield made
        listening.shutdown()


@pytest.fixture
def paged(tmp_path: Path, pagers: Pagers) -> Iterator[Server]:
    """A real server with a roster."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "data" / "roster.yml").write_text(ROSTER, encoding="utf-8")
    settings = {"contact_ana": f"{pagers.url}/ana", "contact_bo": f"{pagers.url}/bo"}
    data = str(tmp_path / "data")
    with running(
        tmp_path, mode="card-only", data=data, notify_urls=f"{pagers.url}/team", **settings
    ) as server:
        yield server


def test_r7_a_crisis_is_told_to_whoever_is_on_duty_and_to_the_team(paged: Server, pagers: Pagers) -> None:
    chat = paged.chat()
    chat.say(CRISIS)
    [page] = pagers.wait("/ana")
    assert page["title"] == "Harborline: CRISIS"
    assert chat.conversation in page["message"]
    assert CRISIS not in str(page)
    assert pagers.wait("/team") == [page]
    assert pagers.at("/bo") == []


def test_when_whoever_is_on_duty_cannot_be_reached_the_next_is_told_at_once(
    paged: Server, pagers: Pagers
) -> None:
    pagers.status["/ana"] = 500
    paged.chat().say(CRISIS)
    [page] = pagers.wait("/bo")
    assert "Nobody has acknowledged this yet." in page["message"]


def test_r7_killed_and_started_again_it_pages_whom_it_had_not_reached(paged: Server, pagers: Pagers) -> None:
    pagers.status["/ana"] = 500
    paged.chat().say(CRISIS)
    [first, *_] = pagers.wait("/bo") and pagers.at("/ana")
    assert paged.process is not None
    paged.process.kill()
    paged.process.wait()
    pagers.received.clear()
    pagers.status.clear()
    paged.start()
    [again] = pagers.wait("/ana", seconds=40)
    assert again["message"].splitlines()[-1] == first["message"].splitlines()[-1], "the same reference"


def test_asking_for_a_person_makes_a_case_by_the_real_engine(server: Server) -> None:
    chat = server.chat()
    [reply] = chat.say("I want to talk to a person")
    assert reply["kind"] == "service"
    with Records(server).session() as session:
        case = session.scalars(
            sa.select(Handoff).where(Handoff.conversation_id == UUID(chat.conversation))
        ).one()
    assert case.reason == HandoffReason.ASKED_FOR_PERSON
