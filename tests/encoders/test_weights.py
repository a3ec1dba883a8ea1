from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from bot.encoders import minilm, universal
from bot.encoders.weights import WeightFile, WeightsError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An importable package with a file `weights.bin`."""
    folder = tmp_path / "some_weights"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('its code must not run')")
    (folder / "weights.bin").write_bytes(b"numbers")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder.name


def test_right_file_is_found_without_running_the_package(package: str) -> None:
    file = WeightFile(package, "weights.bin", hashlib.sha256(b"numbers").hexdigest())
    assert file.verify().read_bytes() == b"numbers"
    assert package not in sys.modules


def test_altered_file_is_refused(package: str) -> None:
    file = WeightFile(package, "weights.bin", hashlib.sha256(b"other numbers").hexdigest())
    with pytest.raises(WeightsError, match="SHA-256"):
        file.verify()


@pytest.mark.parametrize(("name", "path"), [("no_such_package_anywhere", "x"), ("bot", "no/such/file")])
def test_missing_file_names_the_remedy(name: str, path: str) -> None:
    with pytest.raises(WeightsError, match="make setup"):
        WeightFile(name, path, "").locate()


@pytest.mark.parametrize("file", [minilm.WEIGHTS, minilm.TOKENIZER, *universal.WEIGHTS])
def test_installed_weights_are_the_expected_ones(file: WeightFile) -> None:
    assert file.verify().is_file()
