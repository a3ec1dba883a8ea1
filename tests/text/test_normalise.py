"""Normalising, and its map back to what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import normalise


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Hello THERE", "hello there"),
        ("mañana será otro día", "manana sera otro dia"),
        ("ｗｉｄｅ", "wide"),
        ("d\u200bi\u200de", "die"),
        ("d\u0336i\u0336e\u0336", "die"),
        ("pаypаl", "paypal"),
        ("ꜱᴍᴀʟʟ", "small"),
        ("🅱🅾🅻🅳", "bold"),
        ("it\u2019s", "it's"),
        ("&#100;ie &amp; live", "die & live"),
        ("h e l l o", "hello"),
        ("h.e.l.l.o you", "hello you"),
        ("h-e-l-l-o", "hello"),
        ("🇭🇪🇱🇱🇴", "hello"),
        ("a b and c", "a b and c"),
        ("¿qué?", " que?"),
    ],
)
def test_hidden_words_are_read(written: str, read: str) -> None:
    assert normalise(written).text.strip() == read.strip()


def test_emoji_becomes_its_name() -> None:
    assert ":pill:" in normalise("took💊").text


def test_a_flag_says_nothing() -> None:
    assert normalise("🇺🇸").text.strip() == ""


def test_map_leads_back_to_the_original() -> None:
    text = "I want to d\u200bi\u200be now"
    normalised = normalise(text)
    start = normalised.text.index("die")
    first, last = normalised.span(start, start + 3)
    assert text[first:last] == "d\u200bi\u200be"


@given(st.text())
def test_map_fits_text_and_order(text: str) -> None:
    normalised = normalise(text)
    assert len(normalised.text) == len(normalised.offsets)
    assert all(0 <= start < end <= len(text) for start, end in normalised.offsets)
    assert list(normalised.starts) == sorted(normalised.starts)
