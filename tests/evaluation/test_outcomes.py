"""What several replies in one turn amount to."""

from __future__ import annotations

import pytest

from bot.evaluation.outcomes import outcome
from bot.messages import Language, Reply, ReplyKind


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("answer", "answered"),
        ("service", "answered"),
        ("disclosure answer", "answered"),
        ("check_in answer disclosure", "answered"),
        ("check_in service", "answered"),
        ("ask_back", "asked_back"),
        ("answer ask_back", "answered"),
        ("check_in ask_back", "asked_back"),
        ("refusal", "refused"),
        ("check_in refusal", "refused"),
        ("refusal answer", "answered"),
        ("refusal service", "refused"),
        ("decline", "declined"),
        ("decline service", "declined"),
        ("decline answer", "answered"),
        ("check_in disclosure", "safety"),
        ("crisis", "safety"),
        ("fallback service", "safety"),
        ("", "declined"),
    ],
)
def test_outcome(kinds: str, expected: str) -> None:
    replies = [Reply(ReplyKind(kind), "…", Language.EN) for kind in kinds.split()]
    assert outcome(replies) == expected


def test_what_the_program_says_of_itself_when_asked_is_an_answer() -> None:
    said = Reply(ReplyKind.DISCLOSURE, "…", Language.EN, response="utter_bot_identity")
    assert outcome([said]) == "answered"
