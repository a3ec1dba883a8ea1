"""The same actions under rasa_sdk's own server, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from actions.heard import STOCK_SENDERS
from bot.cards import Cards
from bot.content import load
from bot.messages import Channel, Language
from bot.risk import Screener
from bot.settings import ROOT
from bot.transcripts.encryption import make_key
from bot.transcripts.tables import Conversation, Handoff, Notification
from tests.fixtures.stock import free_port, serving, without_settings

CRISIS = "i am going to kill myself tonight"


@dataclass
class ActionServer:
    """A running action server and its database."""

    url: str
    database: Path

    def run(
        self, action: str, text: str, sender: str, *, language: str = "en", message_id: str | None = None
    ) -> Any:
        """What Rasa would get for an action."""
        said = {
            "event": "user",
            "timestamp": 1_772_452_800.0,
            "text": text,
            "message_id": message_id or uuid4().hex,
            "input_channel": "rest",
            "metadata": {},
        }
        tracker = {
            "sender_id": sender,
            "slots": {"language": language},
            "latest_message": {"text": text},
            "events": [said],
            "paused": False,
            "followup_action": None,
            "active_loop": {},
            "latest_action_name": None,
        }
        call = {"next_action": action, "sender_id": sender, "tracker": tracker, "domain": {}}
        answer = httpx.post(f"{self.url}/webhook", json=call, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def rows(self, table: type[Any]) -> list[Any]:
        """Everything in a table."""
        engine = sa.create_engine(f"sqlite:///{self.database}", poolclass=sa.NullPool)
        with Session(engine) as session:
            return list(session.scalars(sa.select(table)))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionServer]:
    folder = tmp_path_factory.mktemp("actions")
    url, database = f"http://127.0.0.1:{free_port()}", folder / "actions.db"
    environ = without_settings(keys=make_key(), database_url=f"sqlite+aiosqlite:///{database}")
    port = url.rpartition(":")[2]
    with serving("run", "actions", "-p", port, folder=folder, environ=environ, alive=f"{url}/health"):
        yield ActionServer(url, database)


RISK = Screener.load(ROOT / "data" / "risk").screen(CRISIS)


def card(language: Language) -> str:
    (reply,) = Cards(load(ROOT / "data")).crisis(RISK, language, Channel.WEB)
    return reply.text


@pytest.mark.parametrize("language", list(Language))
def test_handoff_is_opened_and_the_card_said(server: ActionServer, language: Language) -> None:
    conversation = uuid4()
    said = server.run("action_handoff", CRISIS, str(conversation), language=language.value)
    assert [response["text"] for response in said["responses"]] == [card(language)]
    assert said["events"] == []
    (handoff,) = (row for row in server.rows(Handoff) if row.conversation_id == conversation)
    assert (handoff.level, handoff.count) == (RISK.level, 1)
    assert conversation in {row.id for row in server.rows(Conversation)}
    assert handoff.id in {row.handoff_id for row in server.rows(Notification)}


def test_sender_that_is_no_uuid_gets_a_conversation_of_its_own(server: ActionServer) -> None:
    for _ in range(2):
        server.run("action_handoff", CRISIS, "someone on the command line")
    conversation = uuid5(STOCK_SENDERS, "someone on the command line")
    (handoff,) = (row for row in server.rows(Handoff) if row.conversation_id == conversation)
    assert handoff.count == 2


def test_the_same_message_twice_is_counted_once(server: ActionServer) -> None:
    conversation = uuid4()
    for _ in range(3):
        server.run("action_handoff", CRISIS, str(conversation), message_id="once")
    (handoff,) = (row for row in server.rows(Handoff) if row.conversation_id == conversation)
    assert handoff.count == 1


def test_what_no_cue_finds_is_asked_about_and_not_handed_over(server: ActionServer) -> None:
    conversation = uuid4()
    said = server.run("action_handoff", "what is ketamine", str(conversation))
    (response,) = said["responses"]
    assert "988" in response["text"]
    assert "911" not in response["text"]
    assert UUID(str(conversation)) not in {row.conversation_id for row in server.rows(Handoff)}


@pytest.mark.parametrize(
    ("text", "response", "city"),
    [
        ("do you serve Kissimee?", "utter_areas_served/listed", "Kissimmee"),
        ("are you in Boston", "utter_areas_served/not_listed", None),
        ("¿Qué ciudades atienden?", "utter_areas_served/which", None),
    ],
)
def test_city_is_looked_up(server: ActionServer, text: str, response: str, city: str | None) -> None:
    (said,) = server.run("action_areas_served", text, "someone")["responses"]
    assert (said["response"], said.get("city")) == (response, city)


def test_without_a_key_the_card_is_said_all_the_same(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    port = url.rpartition(":")[2]
    with serving(
        "run", "actions", "-p", port, folder=tmp_path, environ=without_settings(), alive=f"{url}/health"
    ):
        said = ActionServer(url, tmp_path / "none.db").run("action_handoff", CRISIS, "someone")
    assert [response["text"] for response in said["responses"]] == [card(Language.EN)]
    assert not list(tmp_path.rglob("*.db"))
