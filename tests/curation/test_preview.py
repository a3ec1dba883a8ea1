"""The preview shows what people will see, and what a clinician has to know about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.content import ContentError, examine
from bot.curation.preview import WIDTH, preview
from tests.planting import DATA, Planted


def shown(data: Path, topic: str) -> str:
    content, _ = examine(data)
    assert content is not None
    return preview(content, topic)


def test_a_topic_is_shown_whole() -> None:
    text = shown(DATA, "risks")
    for part in (
        "utter_faq/risks (answer)",
        "What Are the Risks of Ketamine Use?",
        "World Health Organization (WHO)",
        "status     pending",
        "clinic editorial team, pending clinical sign-off, 2026-11-23",
        "--- English, web: grade ",
        "--- Spanish, web: ease ",
        "--- English, SMS: grade 4.6, 3 parts, 313 of 459 septets ",
        "call 911 right away.",
        "[ ¿La ketamina es adictiva? ]",
    ):
        assert part in text
    assert "{" not in text


@pytest.mark.parametrize("topic", ["risks", "areas_served", "suicide", "minor_self", "conversation"])
def test_it_fits_a_terminal(topic: str) -> None:
    lines = [line for line in shown(DATA, topic).splitlines() if not line.startswith("file ")]
    assert max(map(len, lines)) <= WIDTH


def test_what_is_missing_changed_or_unknown_is_said(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    planted.change("cards/suicide.yml", "      sms: |-", "      fax: |-")
    planted.change("responses/risks.yml", "Changes in blood", "“Changes” in {mood} of blood", count=9)
    planted.change("responses/risks.yml", "changes in blood", "“changes” in blood")
    assert "--- English, SMS: missing" in shown(planted.data, "suicide")
    text = shown(planted.data, "risks")
    assert "status     pending, changed since" in text
    assert "{mood}" in text
    assert "letters outside GSM-7" in text


def test_an_unknown_topic_is_refused() -> None:
    with pytest.raises(ContentError, match="there is no text named 'weather'"):
        shown(DATA, "weather")
