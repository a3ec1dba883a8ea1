"""What must be in every answer, decided by level and kind of reply alone, never by searching text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards import Cards
from bot.messages import Channel, Language, Level, Reply, ReplyKind, Risk

KEEPS_LINE_IN_VIEW = frozenset(
    {ReplyKind.ANSWER, ReplyKind.REFUSAL, ReplyKind.ASK_BACK, ReplyKind.DISCLOSURE}
)
"""Replies that get the reminder line while a crisis state is in force."""


def guarantee(
    replies: Sequence[Reply],
    risk: Risk,
    sticky: Risk,
    *,
    cards: Cards,
    language: Language,
    channel: Channel,
    checks_in: bool = False,
) -> tuple[Reply, ...]:
    """The replies that may go out.

    Args:
        replies: What the engine or a keyword answered; may be empty.
        risk: What was found in this message.
        sticky: The crisis state in force from earlier messages; level NONE or CONCERN when there is none.
        checks_in: The replies are a service text that does for a check-in what it must hold: HELP by SMS.

    Returns:
        At least one reply. At CRISIS and above exactly the crisis card; at CONCERN a check-in among
        them; in a crisis state the line in view.
    """
    if risk.level >= Level.CRISIS:
        return cards.crisis(risk, language, channel)
    in_crisis_state = sticky.level >= Level.CRISIS
    if risk.level == Level.CONCERN and not (checks_in and replies):
        check_in = cards.check_in(sticky if in_crisis_state else risk, language, channel)
        return (check_in, *(reply for reply in replies if not _says_less_than_a_check_in(reply)))
    answered = tuple(replies) or (cards.fallback(language, channel),)
    if in_crisis_state:
        return _keep_line_in_view(answered, sticky, cards, language, channel)
    return answered


def _keep_line_in_view(
    replies: tuple[Reply, ...], sticky: Risk, cards: Cards, language: Language, channel: Channel
) -> tuple[Reply, ...]:
    said = [reply for reply in replies if not _says_less_than_a_check_in(reply)]
    if not said:
        return (cards.check_in(sticky, language, channel),)
    for position in reversed(range(len(said))):
        if said[position].kind in KEEPS_LINE_IN_VIEW:
            said[position] = cards.with_reminder(said[position], sticky.level, channel)
            break
    return tuple(said)


def _says_less_than_a_check_in(reply: Reply) -> bool:
    """Whether it is a decline, another check-in, or pleasantries: an answer that rests on no source."""
    return reply.kind in (ReplyKind.DECLINE, ReplyKind.CHECK_IN) or (
        reply.kind == ReplyKind.ANSWER and reply.source is None
    )
