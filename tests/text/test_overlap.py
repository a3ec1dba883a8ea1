"""Texts that share most of their words are found, whatever their case, accents and order."""

from __future__ import annotations

import pytest

from bot.text.overlap import Overlap, overlaps


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("where do i park", "Where do I park?"),
        ("¿Dónde está la clínica?", "donde esta la clinica"),
        ("I can't find the door", "the door i cant find"),
        ("a b c d e f g h i j", "a b c d e f g h x y"),
    ],
)
def test_alike(one: str, other: str) -> None:
    found = list(overlaps(["something else entirely", one, other], share=0.8))
    assert [(each.first, each.second) for each in found] == [(1, 2)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("where do i park", "where do i park my old blue truck"),
        ("no no no", "no"),
        ("a b c d e f g h i j", "a b c d e f g x y z"),
        ("", ""),
    ],
)
def test_not_alike(one: str, other: str) -> None:
    assert list(overlaps([one, other], share=0.8)) == []


def test_names_the_nearest_and_each_text_once() -> None:
    texts = [
        "the bus is late again today",
        "the bus is late again tonight",
        "the bus is late again tonight ok",
    ]
    found = list(overlaps(texts, share=0.8))
    assert found == [Overlap(0, 1, 5 / 6), Overlap(1, 2, 6 / 7)]
