"""The card that the words ask for, from memory alone, when a turn has failed or is late."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from bot.cards import Cards
from bot.exchange import Exchange, beside
from bot.messages import Language, Level, Message, Reply, Risk
from bot.risk import Screener
from bot.text import detect_language

log = logging.getLogger(__name__)

LONGEST: Final = 20_000
"""Characters that are read: more would keep other senders waiting, who are in a hurry too."""


def last_resort(message: Message, screener: Callable[[], Screener], cards: Cards) -> Exchange:
    """An answer with the numbers, whatever is broken; never raises."""
    words = message.text[:LONGEST]
    language = detect_language(words) or message.language or Language.EN
    try:
        risk = screener().screen(words, at=message.received_at)
    except Exception as failure:  # A broken screener must not take the numbers away.
        log.error("conversation %s: screening failed: %s", message.conversation, type(failure).__name__)
        risk = Risk()
    said: tuple[Reply, ...] = (cards.fallback(language, message.channel),)
    if risk.level >= Level.CRISIS:
        said = cards.crisis(risk, language, message.channel)
    return beside(message.conversation, message.external_id, message.received_at, said)
