from __future__ import annotations

import pytest

from bot.messages import MAX_TEXT
from bot.nlu.wording import Wording

SYNONYMS = {"k": "ketamine", "special k": "ketamine", "quetamina": "ketamina"}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("Is K addictive?", "is ketamine addictive?"),
        ("what's SPECIAL  K", "what's ketamine"),
        ("okay, kick it", "okay, kick it"),
        ("La Quetamina", "la ketamina"),
        ("\u200bk\u200be\u200bt", "ket"),
        ("ｋ ｉｓ wide", "ketamine is wide"),
        ("  \n ", ""),
        ("\u200b\ufeff", ""),
    ],
)
def test_reads(sent: str, read: str) -> None:
    assert Wording(SYNONYMS).read(sent) == read


def test_reads_without_synonyms() -> None:
    assert Wording({}).read("Is K good") == "is k good"


def test_reads_no_more_than_is_answered() -> None:
    assert len(Wording(SYNONYMS).read("x" * 100_000)) == MAX_TEXT
