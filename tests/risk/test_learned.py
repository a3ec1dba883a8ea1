"""The learned layer: deterministic, whole after saving, and bounded on any text."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from bot.encoders import shared
from bot.messages import Kind, Level
from bot.risk.learned import Finding, LearnedLayer, level_of
from bot.risk.reading import PIECE, PIECES, pieces
from tests.fixtures.layers import small, some_examples

TEXTS = [
    "the keys and the letters are on the table, she will know what to do with the cat",
    "le dejé la carta y las llaves a mi hermana",
    "see you at six, bring the blue chairs",
    "",
    "😀😀",
]


def test_the_same_texts_teach_the_same_layer(small_layer: LearnedLayer) -> None:
    again = small()
    assert again.version == small_layer.version
    assert [again.judge(text) for text in TEXTS] == [small_layer.judge(text) for text in TEXTS]


def test_a_saved_layer_finds_the_same(small_layer: LearnedLayer, tmp_path: Path) -> None:
    small_layer.save(tmp_path)
    loaded = LearnedLayer.load(tmp_path, shared())
    for text in TEXTS:
        before, after = small_layer.judge(text), loaded.judge(text)
        assert (after.level, after.kind, after.experiencer) == (before.level, before.kind, before.experiencer)
        assert after.crisis == pytest.approx(before.crisis, abs=0.01)  # vectors are kept at half precision


def test_nothing_is_pickled(small_layer: LearnedLayer, tmp_path: Path) -> None:
    small_layer.save(tmp_path)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".npz"}
    for file in tmp_path.glob("*.npz"):
        with np.load(file, allow_pickle=False) as arrays:
            assert all(arrays[name].dtype != object for name in arrays.files)


def test_a_damaged_file_is_an_error(small_layer: LearnedLayer, tmp_path: Path) -> None:
    small_layer.save(tmp_path)
    (tmp_path / "machine.npz").write_bytes(b"PK")
    with pytest.raises((OSError, ValueError, KeyError)):
        LearnedLayer.load(tmp_path, shared())


@pytest.mark.parametrize("text", ["", "   ", "123", "😀", "\u200b", "\x00"])
def test_nothing_to_read_is_no_danger(small_layer: LearnedLayer, text: str) -> None:
    assert small_layer.judge(text) == Finding(version=small_layer.version)


def test_an_example_is_its_own_nearest(small_layer: LearnedLayer) -> None:
    example = some_examples()[40]
    nearest, *others = small_layer.judge(example.text).neighbours
    assert nearest.example == example.name
    assert nearest.similarity == pytest.approx(1.0, abs=0.01)
    assert all(other.similarity <= nearest.similarity for other in others)


def test_short_and_unfamiliar_texts_need_more() -> None:
    assert level_of(0.7, 0.8, familiar=1.0, words=30) is Level.CRISIS
    assert level_of(0.7, 0.8, familiar=1.0, words=5) < Level.CRISIS
    assert level_of(0.7, 0.8, familiar=0.6, words=30) < Level.CRISIS
    assert level_of(0.999, 0.999, familiar=1.0, words=5) is Level.CRISIS
    assert level_of(1.0, 1.0, familiar=1.0, words=2) is Level.NONE


def test_a_crisis_needs_both_probabilities() -> None:
    assert level_of(0.9, 0.3, familiar=1.0, words=30) < Level.CRISIS
    assert level_of(0.1, 0.9, familiar=1.0, words=30) is Level.CONCERN
    assert level_of(0.1, 0.1, familiar=1.0, words=30) is Level.NONE


def test_pieces_of_a_long_text() -> None:
    sentence = "The garden was full of bees that year. "
    assert pieces("short") == ["short"]
    assert len(pieces(sentence * 500)) == PIECES
    assert all(len(piece) <= PIECE for piece in pieces(sentence * 500))
    assert "last words" in pieces(sentence * 500 + "And my last words.")[-1]
    assert sum(map(len, pieces("x" * 5_000))) > PIECE * (PIECES - 1)


def test_any_length_takes_bounded_time(small_layer: LearnedLayer) -> None:
    started = time.process_time()
    small_layer.judge("so the garden was full of bees. " * 30_000)
    assert time.process_time() - started < 1.5


@pytest.mark.parametrize(
    "text",
    [
        "put the passports and a letter for each of them in the drawer, by friday nobody carries me anymore",
        "the bottle from the surgery is still full and tonight the house is empty",
        "my nephew sent everyone a thank you and left his phone and shoes by the lake",
        "le regalé mis herramientas al vecino y ya le dije a mi hija dónde están los papeles, hoy descanso",
    ],
)
def test_raises_what_is_only_hinted_at(real_layer: LearnedLayer, text: str) -> None:
    assert real_layer.judge(text).level is Level.CRISIS


@pytest.mark.parametrize(
    "text",
    [
        "can you send the receipt for march to my new address",
        "ok see you tomorrow",
        "this printer will be the death of me, is the form also online?",
        "gracias, nos vemos el lunes",
        "what is the difference between the nasal spray and the drip",
        "haha no way",
    ],
)
def test_leaves_the_ordinary_alone(real_layer: LearnedLayer, text: str) -> None:
    assert real_layer.judge(text).level is Level.NONE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("we split the pills and now his lips are grey and he snores so slowly", Kind.OVERDOSE),
        ("he took my keys, hit me with the door again and is coming back at six", Kind.ABUSE),
        (
            "the voices in the radiator order me to walk out of the window tonight, they do not stop",
            Kind.PSYCHOSIS,
        ),
        (
            "eleven days without food, i fainted twice in the shower and i still see somebody fat",
            Kind.EATING_DISORDER,
        ),
    ],
)
def test_tells_the_kind(real_layer: LearnedLayer, text: str, kind: Kind) -> None:
    assert real_layer.judge(text).kind is kind


def test_size_on_disk(real_layer_folder: Path) -> None:
    assert sum(file.stat().st_size for file in real_layer_folder.iterdir()) < 20_000_000
