"""English or Spanish, or no guess at all."""

from __future__ import annotations

import pytest

from bot.messages import Language
from bot.text import detect_language


@pytest.mark.parametrize(
    "text",
    [
        "is ketamine addictive",
        "how much does it cost",
        "I feel sad",
        "do you take medicaid",
        "thank you",
        "what are your hours",
    ],
)
def test_english(text: str) -> None:
    assert detect_language(text) == Language.EN


@pytest.mark.parametrize(
    "text",
    [
        "hola",
        "cuanto cuesta",
        "¿La ketamina es adictiva?",
        "no quiero vivir",
        "kiero morirme ya",
        "gracias por todo",
        "atienden en español",
    ],
)
def test_spanish(text: str) -> None:
    assert detect_language(text) == Language.ES


@pytest.mark.parametrize(
    "text", ["", "no", "ok", "👍", "12345", "ketamine", "救命", "no no no", "lol", "hola thank you", "Tampa"]
)
def test_unsure(text: str) -> None:
    assert detect_language(text) is None
