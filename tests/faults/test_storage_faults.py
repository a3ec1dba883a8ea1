"""The database locked, read-only, full, removed and down: the card comes, and nothing is lost or doubled."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.mending import REPAIR_SECONDS
from tests.fixtures.crisis import say_crisis, wait_for_one_handoff
from tests.fixtures.server import COMMAND, Server, environment, running

MOUNTS = os.geteuid() == 0 and shutil.which("unshare") is not None and shutil.which("nsenter") is not None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with running(tmp_path, mode="card-only") as server:
        yield server


def database(server: Server) -> Path:
    return server.folder / "var" / "harborline.db"


def test_locked(server: Server) -> None:
    chat = server.chat()
    other = sqlite3.connect(database(server), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    say_crisis(chat)
    assert list((server.folder / "var" / "spool").iterdir())
    other.execute("ROLLBACK")
    other.close()
    wait_for_one_handoff(server, chat)


def test_removed_under_way(server: Server) -> None:
    chat = server.chat()
    for file in database(server).parent.glob("harborline.db*"):
        file.unlink()
    say_crisis(chat)
    wait_for_one_handoff(server, chat)


def test_readiness_tells_that_the_database_is_away(server: Server) -> None:
    # It listens before it has made its database.
    assert wait_for_reasons(server, {"engine"})
    other = sqlite3.connect(database(server), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    assert wait_for_reasons(server, {"database", "engine"})
    other.execute("ROLLBACK")
    other.close()
    assert wait_for_reasons(server, {"engine"})


def wait_for_reasons(server: Server, reasons: set[str]) -> bool:
    deadline = time.monotonic() + 3 * REPAIR_SECONDS
    while time.monotonic() < deadline:
        if set(httpx.get(f"{server.url}/health/ready", timeout=5).json()["reasons"]) == reasons:
            return True
        time.sleep(0.1)
    return False


def test_removed_between_two_crises(server: Server) -> None:
    """The second is in the new database; the first was in the old one, which somebody took away."""
    chat = server.chat()
    say_crisis(chat)
    for file in database(server).parent.glob("harborline.db*"):
        file.rename(file.with_name(f"taken-{file.name}"))
    say_crisis(chat)
    wait_for_one_handoff(server, chat)


def test_down_at_start(tmp_path: Path) -> None:
    blocked = tmp_path / "var"
    blocked.mkdir()
    (blocked / "harborline.db").mkdir()
    with running(tmp_path, mode="card-only", spool="spool") as server:
        chat = server.chat()
        say_crisis(chat)
        (blocked / "harborline.db").rmdir()
        wait_for_one_handoff(server, chat)


def test_down_and_killed(tmp_path: Path) -> None:
    """What only the spool holds outlives the process."""
    blocked = tmp_path / "var"
    blocked.mkdir()
    (blocked / "harborline.db").mkdir()
    server = Server(tmp_path, environment(tmp_path, mode="card-only", spool="spool")).start()
    chat = server.chat()
    say_crisis(chat)
    assert server.process is not None
    server.process.kill()
    server.process.wait()
    (blocked / "harborline.db").rmdir()
    server.start()
    try:
        wait_for_one_handoff(server, chat)
    finally:
        server.stop()


def test_database_server_down(tmp_path: Path) -> None:
    nobody = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    with running(tmp_path, mode="card-only", database_url=nobody) as server:
        say_crisis(server.chat())
        assert list((tmp_path / "var" / "spool").iterdir())


def test_neither_database_nor_spool(tmp_path: Path) -> None:
    """The person gets the card and is told that the message could not be saved; staff are paged."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "harborline.db").mkdir()
    (tmp_path / "spool").write_text("not a folder")
    with running(tmp_path, mode="card-only", spool="spool") as server:
        replies = say_crisis(server.chat())
        assert [reply["kind"] for reply in replies] == ["crisis", "service"]


def mounted(folder: Path, options: str) -> Server:
    """A server whose `var/` is a small file system of its own."""
    (folder / "var").mkdir()
    server = Server(folder, environment(folder, mode="card-only", spool="spool"))
    mount = f'mount -t tmpfs -o {options} tmpfs "{folder}/var" && exec "$@"'
    return server.start(("unshare", "--mount", "sh", "-c", mount, "sh", *COMMAND))


def inside(server: Server, command: str) -> None:
    """Run a command in the server's mount namespace; `$1` is its `var/`, since nsenter leaves the folder."""
    assert server.process is not None
    enter = ["nsenter", "--target", str(server.process.pid), "--mount"]
    var = str(server.folder / "var")
    subprocess.run([*enter, "mountpoint", "--quiet", var], check=True)
    subprocess.run([*enter, "sh", "-c", command, "sh", var], check=True, capture_output=True)


FILL = 'dd if=/dev/zero of="$1/filler" bs=1k count=2000 || true'


@pytest.mark.skipif(not MOUNTS, reason="mounting a small file system needs root, unshare and nsenter")
@pytest.mark.parametrize(
    ("options", "broken", "mended"),
    [("size=1m", FILL, 'rm "$1/filler"'), ("size=1m,ro", "true", 'mount -o remount,rw "$1"')],
    ids=["full", "read-only"],
)
def test_file_system(tmp_path: Path, options: str, broken: str, mended: str) -> None:
    server = mounted(tmp_path, options)
    try:
        chat = server.chat()
        inside(server, broken)
        say_crisis(chat)
        assert list((tmp_path / "spool").iterdir())
        inside(server, mended)
        time.sleep(REPAIR_SECONDS + 2)
        inside(server, 'mkdir -p "$1/../copy/var" && cp "$1"/harborline.db* "$1/../copy/var/"')
        wait_for_one_handoff(Server(tmp_path / "copy", server.environ), chat, seconds=1)
    finally:
        server.stop()
