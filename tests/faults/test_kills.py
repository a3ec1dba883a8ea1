"""Killed with SIGKILL at each point of a message's way, and at random, then started again."""

from __future__ import annotations

import random
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.faults.breaking import KILL_POINTS
from tests.fixtures.crisis import CRISIS, right_card, say_crisis
from tests.fixtures.records import Records
from tests.fixtures.server import Chat, Server, environment

SETTLE_SECONDS = 15
NEEDS_ENGINE = "during_engine"
POINTS = [point.__name__ for point in KILL_POINTS]


def killing(point: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.faults.breaking", point)


@pytest.mark.parametrize("point", POINTS)
def test_killed_on_the_way_of_a_crisis(tmp_path: Path, point: str) -> None:
    mode = "full" if point == NEEDS_ENGINE else "card-only"
    server = Server(tmp_path, environment(tmp_path, mode=mode))
    server.start(killing(point))
    if mode == "full":
        server.wait_ready()
    chat, client_id = server.chat(), uuid4().hex
    with pytest.raises(httpx.TransportError):
        chat.say("what is ketamine" if point == NEEDS_ENGINE else CRISIS, client_id)
    assert server.process is not None
    assert server.process.wait(timeout=5) == -9
    server.start()
    try:
        again = Chat(server.url, chat.conversation, chat.token)
        if point == NEEDS_ENGINE:
            server.wait_ready()
            assert [reply["kind"] for reply in again.say("what is ketamine", client_id)] == ["answer"]
            say_crisis(again)
        else:
            (card,) = say_crisis(again, client_id)
            assert card["text"] == right_card()
        records = Records(server)
        ids = records.external_ids(chat.conversation)
        assert len(ids) == len(set(ids)) == (2 if point == NEEDS_ENGINE else 1)
        assert records.open_handoffs(chat.conversation) == 1
        assert records.replies_to(chat.conversation, f"{chat.conversation}:{client_id}") == 1
    finally:
        server.stop()


class Sender(threading.Thread):
    """Sends crisis and ordinary messages, one at a time, and keeps the ids that were answered."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self.chat = server.chat()
        self.answered: list[str] = []
        self.sent = 0

    def run(self) -> None:
        while True:
            client_id = uuid4().hex
            self.sent += 1
            try:
                replies = self.chat.say(CRISIS if self.sent % 3 == 0 else "what is ketamine", client_id)
            except httpx.HTTPError:
                return
            assert replies
            self.answered.append(f"{self.chat.conversation}:{client_id}")


def kill_at_random(folder: Path, rounds: int, seed: int, *, full: int) -> None:
    """Start, send from three conversations, kill after a random while; then look every answered id up."""
    chance = random.Random(seed)  # noqa: S311
    server = Server(folder, environment(folder, mode="card-only"))
    environ = dict(server.environ)
    senders: list[Sender] = []
    for turn in range(rounds):
        server.environ = {**environ, "HARBORLINE_MODE": "full" if turn < full else "card-only"}
        server.start()
        if turn < full:
            server.wait_ready()
        now = [Sender(server) for _ in range(3)]
        for sender in now:
            sender.start()
        time.sleep(chance.uniform(0.05, 0.8))
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        for sender in now:
            sender.join(timeout=10)
        senders += now
    server.environ = environ
    server.start()
    try:
        time.sleep(1)
        records = Records(server)
        answered = sum(len(sender.answered) for sender in senders)
        assert answered > rounds
        for sender in senders:
            stored = records.external_ids(sender.chat.conversation) if sender.sent > 1 else []
            assert set(sender.answered) <= set(stored), f"seed {seed}: an answered message is lost"
            assert len(stored) == len(set(stored)), f"seed {seed}: a message is stored twice"
            assert records.open_handoffs(sender.chat.conversation) <= 1
            if len(sender.answered) >= 3:
                assert records.open_handoffs(sender.chat.conversation) == 1
    finally:
        server.stop()


def test_killed_at_random(tmp_path: Path) -> None:
    kill_at_random(tmp_path, rounds=14, seed=20261123, full=2)


@pytest.mark.soak
def test_killed_at_random_many_times(tmp_path: Path) -> None:
    kill_at_random(tmp_path, rounds=200, seed=int(time.time()), full=20)
