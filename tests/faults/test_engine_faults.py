"""The model missing or corrupt, the classifier raising or hanging: the card comes all the same."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import httpx
import pytest

from bot.settings import ROOT
from tests.faults.breaking import TRIGGER
from tests.fixtures.crisis import say_crisis, wait_for_one_handoff
from tests.fixtures.server import Server, environment, running

MODEL = ROOT / "models" / "harborline.tar.gz"
FALLBACK_SECONDS = 3.0


def wait_for(condition: str, server: Server, seconds: float) -> None:
    """Wait until /health/ready shows the reasons given, comma-separated."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ",".join(httpx.get(f"{server.url}/health/ready", timeout=5).json()["reasons"]) == condition:
            return
        time.sleep(0.1)
    pytest.fail(f"never {condition or 'ready'!r}:\n{server.log.read_text()}")


def test_card_only_by_choice(tmp_path: Path) -> None:
    with running(tmp_path, mode="card-only") as server:
        chat = server.chat()
        assert [reply["kind"] for reply in chat.say("what is ketamine")] == ["fallback"]
        say_crisis(chat)
        wait_for_one_handoff(server, chat, turns=2)
        wait_for("engine", server, 1)


def test_model_missing(tmp_path: Path) -> None:
    with running(tmp_path, model=str(tmp_path / "none.tar.gz")) as server:
        chat = server.chat()
        say_crisis(chat)
        assert [reply["kind"] for reply in chat.say("what is ketamine")] == ["fallback"]
        assert httpx.get(f"{server.url}/health/ready", timeout=5).status_code == 503
        wait_for_one_handoff(server, chat, turns=2)


def test_model_corrupt(tmp_path: Path) -> None:
    model = tmp_path / "cut.tar.gz"
    shutil.copy(MODEL, model)
    with model.open("r+b") as file:
        file.truncate(model.stat().st_size // 2)
    with running(tmp_path, model=str(model)) as server:
        chat = server.chat()
        time.sleep(12)
        say_crisis(chat)
        assert httpx.get(f"{server.url}/health/ready", timeout=5).status_code == 503


def breaking(folder: Path, point: str) -> Server:
    command = (sys.executable, "-m", "tests.faults.breaking", point)
    return Server(folder, environment(folder)).start(command).wait_ready()


def test_classifier_raises(tmp_path: Path) -> None:
    server = breaking(tmp_path, "fail")
    try:
        chat = server.chat()
        assert [reply["kind"] for reply in chat.say(f"a {TRIGGER}?")] == ["fallback"]
        assert [reply["kind"] for reply in chat.say("what is ketamine")] == ["answer"]
        say_crisis(chat)
        wait_for_one_handoff(server, chat, turns=3)
    finally:
        server.stop()


def test_classifier_hangs(tmp_path: Path) -> None:
    """A hang costs its own sender the fallback within three seconds, others nothing, and heals."""
    server = breaking(tmp_path, "hang")
    try:
        chat = server.chat()
        began = time.monotonic()
        assert [reply["kind"] for reply in chat.say(f"a {TRIGGER}?")] == ["fallback"]
        assert time.monotonic() - began < FALLBACK_SECONDS
        say_crisis(chat)
        wait_for("", server, 40)
        # The first questions after loading may be late on a busy machine.
        assert "answer" in (server.chat().say("what is ketamine")[0]["kind"] for _ in range(15))
        wait_for_one_handoff(server, chat, turns=2)
    finally:
        server.stop()
