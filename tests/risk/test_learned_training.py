"""When the layer is trained anew, and what it needs for that."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.risk.ordinary import OrdinaryTalkError, chosen_talk
from bot.risk.training import is_stale
from bot.settings import ROOT


@pytest.fixture
def layer(real_layer_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(real_layer_folder, tmp_path / "layer"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "data" / "risk", tmp_path / "data" / "risk")
    return tmp_path / "data"


def test_a_fresh_layer_is_not_stale(layer: Path, data: Path) -> None:
    assert not is_stale(layer, data)


def test_cues_are_not_trained(layer: Path, data: Path) -> None:
    (data / "risk" / "10-suicide-en.yml").write_text("rules: {}\n", encoding="utf-8")
    assert not is_stale(layer, data)


@pytest.mark.parametrize("file", ["examples/none-song.yml", "ordinary.txt"])
def test_changed_texts_make_it_stale(layer: Path, data: Path, file: str) -> None:
    with (data / "risk" / file).open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert is_stale(layer, data)


@pytest.mark.parametrize("file", ["machine.npz", "layer.json", "stamp.json"])
def test_a_damaged_or_missing_file_makes_it_stale(layer: Path, data: Path, file: str) -> None:
    (layer / file).write_bytes(b"{")
    assert is_stale(layer, data)
    (layer / file).unlink()
    assert is_stale(layer, data)


def test_a_missing_layer_is_stale(data: Path, tmp_path: Path) -> None:
    assert is_stale(tmp_path / "nothing", data)


def test_a_missing_list_of_talk_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(OrdinaryTalkError, match="restore it from git"):
        chosen_talk(tmp_path / "ordinary.txt")
