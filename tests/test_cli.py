"""The commands, run as a newcomer would: what is wrong is one line that names the remedy, and exit code 2."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from bot.audit import Act
from bot.settings import ROOT
from bot.transcripts.tables import AuditEntry
from tests.fixtures.crisis import say_crisis
from tests.fixtures.records import Records
from tests.fixtures.server import COMMAND, environment, running
from tests.planting import Planted


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environ = environment(folder, **settings)
    if settings.get("keys") == "":
        del environ["HARBORLINE_KEYS"]
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def assert_refused(done: subprocess.CompletedProcess[str], remedy: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert remedy in done.stderr


@pytest.fixture
def broken_data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    (data / "clinic.yml").write_text("name: [unclosed\n", encoding="utf-8")
    return data


def test_serve_without_a_key(tmp_path: Path) -> None:
    assert_refused(run(tmp_path, "serve", keys=""), "harborline key --write")


def test_serve_with_a_malformed_key(tmp_path: Path) -> None:
    assert_refused(run(tmp_path, "serve", keys="c2hvcnQ="), "harborline key")


def test_serve_with_an_unknown_setting(tmp_path: Path) -> None:
    assert_refused(run(tmp_path, "serve", prot="8000"), "HARBORLINE_PROT")


def test_serve_with_an_address_that_nobody_understands(tmp_path: Path) -> None:
    assert_refused(run(tmp_path, "serve", notify_urls="carrier-pigeon"), "HARBORLINE_NOTIFY_URLS")


@pytest.fixture
def rostered(tmp_path: Path) -> Path:
    """Data with a roster whose only contact is on duty on Mondays."""
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    (data / "roster.yml").write_text(
        "time_zone: America/New_York\n"
        "contacts:\n  ana: {name: Ana, address: HARBORLINE_CONTACT_ANA}\n"
        'first:\n  - {who: [ana], days: [mon], from: "00:00", to: "00:00"}\n',
        encoding="utf-8",
    )
    return data


def test_serve_with_a_contact_that_has_no_address(tmp_path: Path, rostered: Path) -> None:
    assert_refused(run(tmp_path, "serve", data=str(rostered)), "HARBORLINE_CONTACT_ANA is not set")


def test_serve_with_a_contact_whose_address_nobody_understands(tmp_path: Path, rostered: Path) -> None:
    done = run(tmp_path, "serve", data=str(rostered), contact_ana="carrier-pigeon")
    assert_refused(done, "HARBORLINE_CONTACT_ANA: apprise does not understand")
    assert "pigeon" not in done.stderr


def test_serve_with_an_address_of_nobody_on_the_roster(tmp_path: Path, rostered: Path) -> None:
    given = {"contact_ana": "json://127.0.0.1", "contact_anna": "json://127.0.0.1"}
    assert_refused(
        run(tmp_path, "serve", data=str(rostered), **given), "HARBORLINE_CONTACT_ANNA is the address"
    )
    assert_refused(
        run(tmp_path, "serve", contact_ana="json://127.0.0.1"), "HARBORLINE_CONTACT_ANA is the address"
    )


def test_check_warns_of_hours_that_have_nobody(tmp_path: Path, rostered: Path) -> None:
    done = run(tmp_path, "check", data=str(rostered))
    assert done.returncode == 0, done.stdout
    assert "warning: " in done.stdout
    assert "nobody is on duty tue 00:00 to mon 00:00" in done.stdout


def test_serve_with_a_broken_data_file(tmp_path: Path, broken_data: Path) -> None:
    assert_refused(run(tmp_path, "serve", data=str(broken_data)), "clinic.yml:")


def test_serve_on_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert_refused(run(tmp_path, "serve", port=port, mode="card-only"), f"127.0.0.1:{port} is in use")


def test_serve_with_a_key_that_does_not_fit_the_database(tmp_path: Path) -> None:
    with running(tmp_path, mode="card-only") as server:
        say_crisis(server.chat())
        server.stop()
    done = run(tmp_path, "serve", mode="card-only")
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "HARBORLINE_KEYS" in done.stderr.splitlines()[-1]


def test_screen_explains_without_any_settings(tmp_path: Path) -> None:
    done = run(tmp_path, "screen", "i want to kill myself", keys="")
    assert done.returncode == 0
    assert re.search(r"level\s+CRISIS", done.stdout)
    assert '"kill myself"' in done.stdout


def test_check_is_green_and_names_planted_faults(tmp_path: Path, broken_data: Path) -> None:
    planted = Planted(tmp_path / "planted")
    assert run(tmp_path, "check", keys="", data=str(planted.data)).returncode == 0
    done = run(tmp_path, "check", keys="", data=str(broken_data))
    assert done.returncode == 1
    assert "clinic.yml:" in done.stdout
    assert "Traceback" not in done.stderr


def test_check_warns_of_utterances_near_another_topic_and_does_not_fail(tmp_path: Path) -> None:
    planted = Planted(tmp_path / "planted")
    planted.thin()
    line = planted.change("nlu/thanks.yml", "    - ", "    - tell me ketamine's dangers and risks\n    - ")
    done = run(tmp_path, "check", "--utterances", keys="", data=str(planted.data))
    assert done.returncode == 0
    assert f"thanks.yml:{line}: 'tell me ketamine's dangers and risks' of smalltalk is nearer" in done.stdout
    assert re.search(r"\d+ warnings found", done.stderr)
    assert "Not signed by a clinician: " in done.stderr


def test_a_clinician_previews_and_signs_a_changed_answer(tmp_path: Path) -> None:
    planted = Planted(tmp_path / "planted")
    chosen = {"keys": "", "data": str(planted.data)}
    planted.change("responses/risks.yml", "Changes in blood pressure.", "Blood pressure that changes.")
    shown = run(tmp_path, "preview", "risks", **chosen)
    assert "- Blood pressure that changes." in shown.stdout
    assert "pending, changed since" in shown.stdout
    assert run(tmp_path, "check", **chosen).returncode == 1
    signed = run(tmp_path, "content", "sign", "risks", "--reviewer", "Dr. A. Example", **chosen)
    assert signed.stdout.startswith("signed utter_faq/risks: Dr. A. Example, 20")
    assert run(tmp_path, "check", **chosen).returncode == 0
    assert re.search(r"utter_faq/risks +signed ", run(tmp_path, "content", "report", **chosen).stdout)


def test_what_cannot_be_signed_previewed_or_written_is_one_line(tmp_path: Path) -> None:
    planted = Planted(tmp_path / "planted")
    chosen = {"keys": "", "data": str(planted.data)}
    planted.change("responses/risks.yml", "Changes in blood", "This is confidential. Changes in blood")
    signing = run(tmp_path, "content", "sign", "risks", "--reviewer", "Dr. A", **chosen)
    assert_refused(signing, "says 'confidential'")
    planted.restamp()
    assert_refused(run(tmp_path, "preview", "weather", **chosen), "there is no text named 'weather'")
    missing = str(tmp_path / "nowhere" / "page.html")
    assert_refused(run(tmp_path, "content", "report", "--html", missing, **chosen), "Give another file")
    page = tmp_path / "page.html"
    assert run(tmp_path, "content", "report", "--html", str(page), **chosen).returncode == 0
    assert "<!doctype html>" in page.read_text(encoding="utf-8")


def test_train_if_stale_does_nothing_when_nothing_changed(tmp_path: Path) -> None:
    done = run(tmp_path, "train", "--if-stale", keys="")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_key_prints_or_writes_one_that_works(tmp_path: Path) -> None:
    printed = run(tmp_path, "key", keys="").stdout.strip()
    assert len(printed) == 44
    assert run(tmp_path, "key", "--write", keys="").returncode == 0
    written = (tmp_path / ".env").read_text(encoding="utf-8")
    assert re.search(r"^HARBORLINE_KEYS=.{44}$", written, re.MULTILINE)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert_refused(run(tmp_path, "key", "--write", keys=""), ".env")
    assert run(tmp_path, "key", "--write-if-missing", keys="").returncode == 0
    assert (tmp_path / ".env").read_text(encoding="utf-8") == written


def test_export_writes_what_was_said(tmp_path: Path) -> None:
    with running(tmp_path, mode="card-only") as server:
        chat = server.chat()
        say_crisis(chat)
        server.stop()
        exported = subprocess.run(
            [*COMMAND, "export"],
            cwd=tmp_path,
            env=dict(server.environ),
            capture_output=True,
            text=True,
            check=True,
        )
        rows = [json.loads(line) for line in exported.stdout.splitlines()]
        counted = subprocess.run(
            [*COMMAND, "referrals"],
            cwd=tmp_path,
            env=dict(server.environ),
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.fullmatch(r"\d{4}-\d\d 1\n", counted.stdout)
        assert "i am going to kill myself tonight" in exported.stdout
        assert len(rows) == 1
        with Records(server).session() as session:
            assert list(session.scalars(select(AuditEntry.action))) == [Act.EXPORTED]
        unknown = subprocess.run(
            [*COMMAND, "export", "--conversation", "nobody"],
            cwd=tmp_path,
            env=dict(server.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert_refused(unknown, "no conversation's id")


def test_chat_is_a_rehearsal_with_the_real_bot(tmp_path: Path) -> None:
    environ = {name: value for name, value in environment(tmp_path).items() if name != "HARBORLINE_KEYS"}
    done = subprocess.run(
        [*COMMAND, "chat"],
        cwd=tmp_path,
        env=environ,
        input="is ketamine addictive\ni want to kill myself\n",
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert "[answer] Yes, it can be." in done.stdout
    assert "[crisis]" in done.stdout
    assert "tel:988" in done.stdout
    assert not (tmp_path / "var").exists()


SENTINEL = "zanzibarquartz"


def test_no_word_reaches_a_log_or_a_file(tmp_path: Path) -> None:
    """R23: one odd word through every door, the database working and then away."""
    with running(tmp_path) as server:
        server.wait_ready()
        chat = server.chat()
        texts = (
            "is ketamine addictive",
            "i want to kill myself",
            "/restart",
            "",
            "x" * 5000,
            "i feel so hopeless",
        )
        for text in texts:
            chat.post(f"{SENTINEL} {text} {SENTINEL}")
        chat.post(f"{SENTINEL}", f"{SENTINEL}\n")
        httpx.get(f"{server.url}/{SENTINEL}?{SENTINEL}", headers={"User-Agent": SENTINEL}, timeout=5)
        for file in (tmp_path / "var").glob("harborline.db*"):
            assert SENTINEL.encode() not in file.read_bytes()
            file.unlink()
        chat.post(f"{SENTINEL} i want to kill myself")
        server.stop()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert SENTINEL.encode() not in file.read_bytes(), file
