"""Notifiers that refuse or hang, a log that nobody reads, a stop in the middle of a turn."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.fixtures.crisis import say_crisis, wait_for_one_handoff
from tests.fixtures.records import Records
from tests.fixtures.server import COMMAND, Chat, Server, environment, running

PIPE_BYTES = 65_536


def test_notifier_refuses(tmp_path: Path) -> None:
    with running(tmp_path, mode="card-only", notify_urls="json://127.0.0.1:9") as server:
        chat = server.chat()
        say_crisis(chat)
        wait_for_one_handoff(server, chat)
        assert Records(server).notifications() == 1
        say_crisis(chat)
        wait_for_one_handoff(server, chat, turns=2)
        assert Records(server).notifications() == 1


def test_notifier_hangs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"json://127.0.0.1:{silent.getsockname()[1]}"
        with running(tmp_path, mode="card-only", notify_urls=url) as server:
            for _ in range(3):
                chat = server.chat()
                say_crisis(chat)
                wait_for_one_handoff(server, chat)
            assert server.stop() == 0


def test_nobody_reads_the_log(tmp_path: Path) -> None:
    """Every message of this server logs; the pipe is full long before the end."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "harborline.db").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Server(tmp_path, environment(tmp_path, mode="card-only", spool="spool", port=str(port)))
    server.url = f"http://127.0.0.1:{port}"
    server.process = subprocess.Popen(
        [*COMMAND, "serve"],
        cwd=tmp_path,
        env=dict(server.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        _wait_for_port(port)
        _fill(server.process)
        for _ in range(10):
            say_crisis(server.chat())
    finally:
        server.process.kill()
        server.process.communicate()


def _fill(process: subprocess.Popen[bytes]) -> None:
    """Fill the pipe from our end, so that the server's next line finds no room."""
    if process.stderr is None:
        pytest.fail("no pipe")
    with open(f"/proc/{process.pid}/fd/2", "wb", buffering=0) as pipe:
        os.set_blocking(pipe.fileno(), False)
        try:
            while pipe.write(b"x" * 4096):
                pass
        except BlockingIOError:
            return


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("not listening")


def test_a_stop_finishes_turns_in_flight(tmp_path: Path) -> None:
    """Twenty messages are under way when SIGTERM comes: whatever was answered is stored, once.

    What missed the database's deadline is in the spool, and reaches it after the next start.
    """
    with running(tmp_path, mode="card-only") as server:
        chats = [server.chat() for _ in range(20)]
        answered: list[str] = []
        first = threading.Event()

        def send(chat: Chat) -> None:
            chat.say("what is ketamine")
            answered.append(chat.conversation)
            first.set()

        threads = [threading.Thread(target=send, args=(chat,)) for chat in chats]
        for thread in threads:
            thread.start()
        assert first.wait(10)
        assert server.stop() == 0
        for thread in threads:
            thread.join(timeout=15)
        server.start()
        wait_until_stored_once(server, answered)
        assert server.stop() == 0


def wait_until_stored_once(server: Server, conversations: list[str], *, seconds: float = 25) -> None:
    """Wait for the spool's part, then check that no message is there twice."""
    records = Records(server)
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        stored = [len(records.external_ids(conversation)) for conversation in conversations]
        if min(stored) > 0:
            break
        time.sleep(0.2)
    assert stored == [1] * len(conversations)
