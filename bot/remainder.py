"""The rest of a long SMS, for somebody who texts MORE."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import Final

from bot.acceptance import Accepted
from bot.cards import Cards
from bot.content.folding import words
from bot.content.parts import in_parts
from bot.messages import Channel, Reply

WANTED: Final = frozenset({"more", "mas", "more please", "mas por favor"})


def rest_of(accepted: Accepted, cards: Cards) -> Reply | None:
    """What the last reply left out, when the message asks for it by SMS; None when there is nothing."""
    channel = accepted.message.channel
    wanted = channel is Channel.SMS and " ".join(words(accepted.message.text)) in WANTED
    if not wanted or accepted.standing.opted_out:
        return None
    last = takewhile(lambda turn: turn.kind is not None, reversed(accepted.standing.history))
    for reply in (turn.reply for turn in last):
        if reply is not None:
            rest = in_parts(reply.text, cards.service("rest", reply.language, channel).text).rest
            if rest:
                return replace(reply, text=rest, quick_replies=())
    return None
