"""Cleaning a raw text, and what of it Rasa may see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import MAX_TEXT
from bot.text import clean, plain


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [("a\x00b", "a\ufffdb"), ("a\ud83db", "a\ufffdb"), ("a\nb\tc\r", "a\nb\tc\r"), ("a\x1bb", "a\ufffdb")],
)
def test_unsendable_characters_are_replaced(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_cleaned_text_can_be_stored_and_keeps_its_length(raw: str) -> None:
    cleaned = clean(raw)
    cleaned.encode("utf-8")
    assert len(cleaned) == len(raw)


@pytest.mark.parametrize(
    "raw",
    ["/restart", "  /restart", "\u200b/restart", "//restart", "／restart", "\n/ /restart", "\x00/restart"],
)
def test_a_leading_slash_never_reaches_rasa(raw: str) -> None:
    """R1."""
    assert plain(raw) == "restart"


@given(st.text())
def test_plain_text_never_begins_with_a_slash(raw: str) -> None:
    shown = plain("/" + raw)
    assert not shown.startswith("/")
    assert len(shown) <= MAX_TEXT


def test_a_slash_inside_stays() -> None:
    assert plain("and/or") == "and/or"
