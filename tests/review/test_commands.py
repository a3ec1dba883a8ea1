"""`harborline staff`, `audit verify` and `demo seed`, run as an operator would, beside a server or alone."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.server import COMMAND, environment

Run = subprocess.CompletedProcess[str]


class Operator:
    """A folder, its settings, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = environment(folder)

    def __call__(self, *arguments: str, **settings: str) -> Run:
        chosen = {f"HARBORLINE_{name.upper()}": value for name, value in settings.items()}
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env={**self.environ, **chosen},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def sql(self, *statements: str) -> None:
        """Change the database behind everybody's back."""
        with sqlite3.connect(self.folder / "var" / "harborline.db") as connection:
            for statement in statements:
                connection.execute(statement)


@pytest.fixture
def harborline(tmp_path: Path) -> Operator:
    return Operator(tmp_path)


def assert_refused(done: Run, remedy: str) -> None:
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert remedy in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_accounts_come_and_go(harborline: Operator) -> None:
    added = harborline("staff", "add", "ada", "--role", "clinician", "--name", "Ada L.")
    assert re.search(r"^http://127.0.0.1:\d+/staff/setup/[\w-]{43}$", added.stdout, re.MULTILINE)
    assert_refused(harborline("staff", "add", "ada", "--role", "admin"), "harborline staff reset ada")
    assert_refused(harborline("staff", "add", "a b", "--role", "admin"), "cannot be a login")
    assert re.search(r"ada +clinician +link not used yet", harborline("staff", "list").stdout)
    again = harborline("staff", "reset", "ada").stdout.strip()
    assert "/staff/setup/" in again
    assert again not in added.stdout
    assert harborline("staff", "disable", "ada").returncode == 0
    assert "disabled since" in harborline("staff", "list").stdout
    assert_refused(harborline("staff", "disable", "eve"), "harborline staff list")
    assert harborline("staff", "add", "eve").returncode == 2


def test_the_demo_fills_an_empty_database_once_and_pages_nobody(harborline: Operator) -> None:
    assert_refused(harborline("demo", "seed", notify_urls="json://localhost"), "HARBORLINE_NOTIFY_URLS")
    seeded = harborline("demo", "seed")
    assert seeded.returncode == 0, seeded.stderr
    assert "demo-clinician, password" in seeded.stdout
    assert_refused(harborline("demo", "seed"), "HARBORLINE_DATABASE_URL")


def test_verify_demands_an_anchor_and_finds_a_cut_tail(harborline: Operator) -> None:
    for login in ("ada", "ben"):
        harborline("staff", "add", login, "--role", "reviewer")
    unanchored = harborline("audit", "verify")
    assert unanchored.returncode == 1
    assert "there is no anchor" in unanchored.stdout
    beside = harborline("audit", "verify", audit_anchor="var/anchor.jsonl")
    assert_refused(beside, "Put it on another disk")


def test_a_running_server_anchors_the_log(harborline: Operator) -> None:
    harborline("staff", "add", "ada", "--role", "reviewer")
    harborline("staff", "disable", "ada")
    with subprocess.Popen(
        [*COMMAND, "serve"],
        cwd=harborline.folder,
        env={**harborline.environ, "HARBORLINE_MODE": "card-only"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        anchor = harborline.folder / "audit" / "anchor.jsonl"
        for _ in range(200):
            if anchor.exists() and anchor.read_text():
                break
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(0.1)
        server.terminate()
    assert "2 entries are in order, and fit 1 marks" in harborline("audit", "verify").stdout
    harborline.sql("DROP TRIGGER audit_entry_no_delete", "DELETE FROM audit_entry WHERE id = 2")
    cut = harborline("audit", "verify")
    assert (cut.returncode, "its tail was cut off" in cut.stdout) == (1, True)
