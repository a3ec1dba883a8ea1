from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.model import is_stale
from bot.rasa_compat.training import TrainingError, train
from bot.settings import ROOT
from tests.fixtures.models import FRAGILE_CONFIG


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A pipeline that trains fast."""
    file = tmp_path / "config.yml"
    file.write_text(FRAGILE_CONFIG, encoding="utf-8")
    return file


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the data."""
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data"))


def test_progress_is_told_and_the_model_is_fresh(
    data: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []
    model = tmp_path / "models" / "m.tar.gz"
    train(data, model, progress=lines.append, config=config)
    assert len(lines) >= 3
    assert is_stale(model, data)  # for the default configuration it is another model
    assert {file.name for file in model.parent.iterdir()} == {"m.tar.gz", "m.tar.gz.json"}
    printed = capsys.readouterr()
    assert printed.out + printed.err == ""


def test_data_that_cannot_be_trained_on_leave_the_old_model(data: Path, config: Path, tmp_path: Path) -> None:
    model = tmp_path / "m.tar.gz"
    model.write_bytes(b"the old one")
    (data / "rules" / "topics.yml").write_text("version: '3.1'\nrules:\n- rule: x\n  steps: 7\n")
    with pytest.raises(TrainingError):
        train(data, model, progress=lambda line: None, config=config)
    assert model.read_bytes() == b"the old one"
