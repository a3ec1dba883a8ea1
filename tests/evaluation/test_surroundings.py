"""What an evaluation leaves behind: a trained model where there was none, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings import Settings
from tests.evaluation.running import write
from tests.fixtures.server import COMMAND, environment
from tests.planting import Planted

LINES = [
    {"id": "a", "text": "is ketamine addictive", "lang": "en", "topic": "is_addictive"},
    {"id": "b", "text": "i want to kill myself", "lang": "en", "topic": "out_of_scope"},
]


@pytest.mark.timeout(400)
def test_it_trains_first_and_touches_nothing_of_the_clinic(tmp_path: Path) -> None:
    folder = tmp_path / "clinic"
    folder.mkdir()
    file = write(tmp_path / "lines.jsonl", LINES)
    model = tmp_path / "model.tar.gz"
    # The learned layer of risk is trained in the same way; once is enough.
    shutil.copytree(Settings().learned, tmp_path / "model-risk")
    planted = Planted(tmp_path)
    planted.thin()
    environ = environment(folder, data=str(planted.data), model=str(model), notify_urls="json://127.0.0.1:1")
    done = subprocess.run(
        [*COMMAND, "evaluate", "faq", str(file), "--json"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [line["outcome"] for line in json.loads(done.stdout)["lines"]] == ["answered", "safety"]
    assert "Training the model" in done.stderr
    assert model.is_file()
    # No database and no spool; Rasa leaves its cache wherever it trains.
    assert {path.name for path in folder.iterdir()} <= {".rasa"}
    # A crisis was in the file: nobody was told, not even on the console.
    assert "CRISIS" not in done.stderr
    for line in LINES:
        assert line["text"] not in done.stdout + done.stderr
