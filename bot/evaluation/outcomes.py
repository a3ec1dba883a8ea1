"""What became of a message, by the kinds of its replies and never by their text."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from bot.messages import Reply, ReplyKind


class Outcome(StrEnum):
    """The one thing that a turn's replies amount to."""

    ANSWERED = "answered"
    ASKED_BACK = "asked_back"
    REFUSED = "refused"
    DECLINED = "declined"
    SAFETY = "safety"


_DECIDES: Final = (
    (ReplyKind.CRISIS, Outcome.SAFETY),
    (ReplyKind.FALLBACK, Outcome.SAFETY),
    (ReplyKind.ANSWER, Outcome.ANSWERED),
    (ReplyKind.DISCLOSURE, Outcome.ANSWERED),
    (ReplyKind.REFUSAL, Outcome.REFUSED),
    (ReplyKind.ASK_BACK, Outcome.ASKED_BACK),
    (ReplyKind.DECLINE, Outcome.DECLINED),
    (ReplyKind.SERVICE, Outcome.ANSWERED),
    (ReplyKind.CHECK_IN, Outcome.SAFETY),
)
"""The first kind that is there decides. An answer beside a refusal counts as answered, so that a file of
questions that must not be answered is never flattered; a service text or a check-in decides only where
nothing says more."""


def is_aside(reply: Reply) -> bool:
    """Whether a reply is the disclosure that was due anyway, and no answer to the message.

    Asked what it is, the program answers with a curated response that is a disclosure too.
    """
    return reply.kind is ReplyKind.DISCLOSURE and not (reply.response or "").startswith("utter_")


def outcome(replies: Iterable[Reply]) -> Outcome:
    """The outcome of a turn; silence answers nothing."""
    kinds = {reply.kind for reply in replies if not is_aside(reply)}
    return next((decided for kind, decided in _DECIDES if kind in kinds), Outcome.DECLINED)
