"""What `harborline screen` prints."""

from __future__ import annotations

from bot.risk import Screener
from bot.risk.explain import explain


def _explained(screener: Screener, text: str) -> str:
    return explain(text, screener.screen(text), screener)


def test_crisis_shows_level_kind_words_and_version(screener: Screener) -> None:
    text = "my son, 14, says he wants to k!ll himself"
    shown = _explained(screener, text)
    assert "CRISIS" in shown
    assert "somebody else" in shown
    assert "a minor is named" in shown
    assert "k!ll himself" in shown
    assert screener.version in shown


def test_lowered_cue_shows_its_context(screener: Screener) -> None:
    shown = _explained(screener, "does ketamine help with suicidal thoughts")
    assert "No cue is left in force." in shown
    assert "lowered" in shown
    assert "informational" in shown
