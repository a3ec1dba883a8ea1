"""Stock Rasa commands through `harborline rasa`, for real."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import pytest

from bot.settings import ROOT
from bot.transcripts.encryption import make_key
from tests.fixtures.stock import STOCK, free_port, serving, without_settings

pytest_plugins = ["tests.fixtures.models"]

CLINIC_PHONE = "+1 (321) 415-3213"


def run(*arguments: str, folder: Path, typed: str = "") -> str:
    """Everything that a command printed."""
    done = subprocess.run(
        [*STOCK, *arguments],
        cwd=ROOT,
        # Rasa writes its cache and its settings where these point.
        env={**without_settings(), "HOME": str(folder), "RASA_CACHE_DIRECTORY": str(folder / "cache")},
        input=typed,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_version(tmp_path: Path) -> None:
    assert "3.6.21" in run("--version", folder=tmp_path)
    assert not list(tmp_path.rglob("global.yml"))  # no telemetry settings in the home folder


def test_data_validate(tmp_path: Path) -> None:
    assert "No story structure conflicts found" in run("data", "validate", folder=tmp_path)


def test_shell_answers_with_the_clinics_number(real_model: Path, tmp_path: Path) -> None:
    typed = "thank you so much\n/stop\n"
    assert CLINIC_PHONE in run("shell", "-m", str(real_model), folder=tmp_path, typed=typed)


def test_shell_nlu_shows_the_topic(real_model: Path, tmp_path: Path) -> None:
    said = run("shell", "nlu", "-m", str(real_model), folder=tmp_path, typed="is ketamine addictive\n/stop\n")
    assert '"intent_response_key": "faq/is_addictive"' in said


@pytest.fixture
def endpoints(tmp_path: Path) -> tuple[Path, str]:
    """An endpoints file for a free port, and the address."""
    url = f"http://127.0.0.1:{free_port()}"
    file = tmp_path / "endpoints.yml"
    file.write_text(f'action_endpoint: {{url: "{url}/webhook"}}\n', encoding="utf-8")
    return file, url


def test_two_stock_servers_hand_a_person_over(
    real_model: Path, tmp_path: Path, endpoints: tuple[Path, str]
) -> None:
    """`run` and `run actions` talk over HTTP: risk is screened by the pipeline, the card by the action."""
    file, actions = endpoints
    chat = f"http://127.0.0.1:{free_port()}"
    environ = without_settings(keys=make_key(), database_url=f"sqlite+aiosqlite:///{tmp_path / 'x.db'}")
    port = actions.rpartition(":")[2]
    rasa = ("-m", str(real_model), "-p", chat.rpartition(":")[2], "--endpoints", str(file))
    with (
        serving("run", "actions", "-p", port, folder=tmp_path, environ=environ, alive=f"{actions}/health"),
        serving("run", *rasa, folder=tmp_path, environ=environ, alive=f"{chat}/"),
    ):
        replies = []
        for text in ("is ketamine addictive", "do you serve tampa", "i want to kill myself"):
            said = {"sender": "someone", "message": text}
            answer = httpx.post(f"{chat}/webhooks/rest/webhook", json=said, timeout=30)
            # Rasa's own channel sends each paragraph as a message.
            replies.append("\n".join(reply["text"] for reply in answer.json()))
    addictive, area, danger = replies
    assert "NIDA" in addictive
    assert CLINIC_PHONE in addictive
    assert "Tampa" in area
    assert "988" in danger
    assert CLINIC_PHONE in danger
