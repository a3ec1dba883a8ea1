from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.model import fingerprint, install, is_stale
from bot.settings import ROOT


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the data."""
    return Path(shutil.copytree(ROOT / "data", tmp_path / "data"))


@pytest.fixture
def model(data: Path, tmp_path: Path) -> Path:
    """An archive that counts as trained from `data`."""
    made, model = tmp_path / "made.tar.gz", tmp_path / "model.tar.gz"
    made.write_bytes(b"archive")
    install(made, model, fingerprint(data))
    assert not made.exists()
    return model


def test_fresh_model_is_not_stale(model: Path, data: Path) -> None:
    assert not is_stale(model, data)


@pytest.mark.parametrize("file", ["nlu/risks.yml", "rules/topics.yml", "responses/risks.yml", "clinic.yml"])
def test_changed_data_make_it_stale(model: Path, data: Path, file: str) -> None:
    with (data / file).open("a", encoding="utf-8") as changed:
        changed.write("# one more line\n")
    assert is_stale(model, data)


def test_new_and_removed_files_make_it_stale(model: Path, data: Path) -> None:
    (data / "nlu" / "risks.yml").rename(data / "nlu" / "dangers.yml")
    assert is_stale(model, data)


def test_risk_cues_and_cards_are_not_trained(model: Path, data: Path) -> None:
    (data / "risk" / "new.yml").write_text("")
    assert not is_stale(model, data)


def test_missing_or_damaged_model_is_stale(model: Path, data: Path, tmp_path: Path) -> None:
    assert is_stale(tmp_path / "none.tar.gz", data)
    model.write_bytes(b"arch")
    assert is_stale(model, data)


@pytest.mark.parametrize("stamp", [b"", b"{", b"\xff", b"[]"])
def test_damaged_stamp_is_stale(model: Path, data: Path, stamp: bytes) -> None:
    model.with_name("model.tar.gz.json").write_bytes(stamp)
    assert is_stale(model, data)


def test_other_configuration_has_another_fingerprint(data: Path, tmp_path: Path) -> None:
    other = tmp_path / "config.yml"
    other.write_text("recipe: default.v1")
    assert fingerprint(data, config=other) != fingerprint(data)


def test_asking_imports_no_rasa() -> None:
    program = "import sys, bot.model; print('rasa' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert said.stdout.strip() == "False"
