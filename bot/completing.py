"""What must go with the replies to a message: the guarantee, a due disclosure, a failure to save."""

from __future__ import annotations

from bot.acceptance import Accepted, Stored
from bot.cards import Cards
from bot.disclosure import disclosure_due
from bot.guarantee import guarantee
from bot.keywords import Keyword
from bot.messages import Level, Reply, ReplyKind


def complete(accepted: Accepted, replies: tuple[Reply, ...], cards: Cards) -> tuple[Reply, ...]:
    """The replies as they go out, none left out that danger or the law asks for."""
    language, channel = accepted.language, accepted.message.channel
    said = guarantee(
        replies,
        accepted.risk,
        accepted.sticky,
        cards=cards,
        language=language,
        channel=channel,
        checks_in=accepted.keyword is Keyword.HELP,
    )
    if _is_disclosure_due(accepted, said):
        disclosure = cards.disclosure(language, channel)
        said = (*said, disclosure) if accepted.risk.level == Level.CONCERN else (disclosure, *said)
    if accepted.stored is Stored.NOWHERE:
        said = (*said, cards.service("not_saved", language, channel))
    return said


def _is_disclosure_due(accepted: Accepted, said: tuple[Reply, ...]) -> bool:
    if accepted.risk.level >= Level.CRISIS or any(reply.kind is ReplyKind.DISCLOSURE for reply in said):
        return False
    if accepted.keyword is not None:
        return False  # One confirmation, nothing more.
    return disclosure_due(
        accepted.message.received_at,
        disclosed_at=accepted.standing.disclosed_at,
        last_inbound_at=accepted.standing.last_inbound_at,
    )
