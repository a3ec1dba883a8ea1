"""Step 3 of a message's way: a service text, or the engine's choice of curated responses."""

from __future__ import annotations

import logging
from typing import Final

from bot.acceptance import Accepted
from bot.cards import Cards
from bot.content import Content, UnknownResponseError, UnsignedResponseError
from bot.followups import Context
from bot.keywords import Keyword
from bot.messages import (
    MAX_TEXT,
    SILENT,
    Engine,
    EngineReply,
    EngineUnavailableError,
    Kind,
    Level,
    Reply,
    ReplyKind,
    Risk,
    Silent,
    Utterance,
)
from bot.offers import with_offers
from bot.remainder import rest_of
from bot.text import plain
from bot.understanding import open_context, understand

log = logging.getLogger(__name__)

DANGER: Final = "crisis"
"""The classifier's topic for messages about danger; its action speaks only where the screen agrees."""
CONCERN: Final = Risk(level=Level.CONCERN, kind=Kind.DISTRESS)

KEYWORD_SERVICES: Final = {Keyword.OPT_OUT: "opt_out", Keyword.OPT_IN: "opted_in", Keyword.HELP: "help"}


async def answer(
    accepted: Accepted, *, content: Content, cards: Cards, engine: Engine, limited: bool = False
) -> tuple[tuple[Reply, ...] | Silent, EngineReply]:
    """What to say to a message below CRISIS, and what the engine understood.

    Args:
        accepted: The message with its conversation's standing.
        content: The curated responses now in force.
        cards: The cards now in force.
        engine: Asked for anything that no service text settles.
        limited: The sender writes too fast, so the engine is spared.

    Returns:
        Replies, none when the engine cannot be asked or picked nothing curated; or `SILENT` for a
        sender who opted out or a conversation that staff hold.
    """
    service = _service(accepted, limited)
    if service is not None:
        return (cards.service(service, accepted.language, accepted.message.channel),), EngineReply()
    rest = rest_of(accepted, cards)
    if rest is not None:
        return (rest,), EngineReply()
    if accepted.standing.opted_out or accepted.standing.held_by is not None:
        return SILENT, EngineReply()
    open_ = open_context(accepted)
    try:
        understood = await understand(accepted, open_, content, engine)
    except EngineUnavailableError as error:
        log.warning("turn %s: engine unavailable: %s", accepted.turn, error)
        return (), EngineReply()
    replies = _replies(accepted, understood, open_, content)
    if replies and accepted.message.attachments:
        # The words beside a picture are answered; nobody may think that the picture was seen.
        replies = (*replies, cards.service("media", accepted.language, accepted.message.channel))
    if understood.topic == DANGER and all(reply.kind is ReplyKind.SERVICE for reply in replies):
        # It sounds like danger to the classifier and the screen has no cue: ask.
        check_in = cards.check_in(CONCERN, accepted.language, accepted.message.channel)
        return (check_in, *replies), understood
    return replies, understood


def _service(accepted: Accepted, limited: bool) -> str | None:
    """The name of the service text that settles the message without the engine."""
    if accepted.keyword is not None:
        return KEYWORD_SERVICES[accepted.keyword]
    if accepted.standing.opted_out or accepted.standing.held_by is not None:
        return None
    if len(accepted.message.text) > MAX_TEXT:
        return "too_long"
    if not plain(accepted.message.text):
        return "media" if accepted.message.attachments else "unreadable"
    return "limited" if limited else None


def _replies(
    accepted: Accepted, understood: EngineReply, open_: Context, content: Content
) -> tuple[Reply, ...]:
    replies = (_reply(utterance, accepted, content) for utterance in understood.utterances)
    return tuple(
        with_offers(reply, understood.candidates, open_, content, accepted.message.channel)
        for reply in replies
        if reply is not None
    )


def _reply(utterance: Utterance, accepted: Accepted, content: Content) -> Reply | None:
    """The curated text of an utterance; None for one that names none, which is not passed on."""
    if utterance.response is None:
        return None
    try:
        return content.reply(
            utterance.response, accepted.language, accepted.message.channel, utterance.arguments
        )
    except UnsignedResponseError as error:
        log.warning("turn %s: kept back: %s", accepted.turn, error)
    except UnknownResponseError:
        log.exception("turn %s: the engine named a response that data/ does not hold", accepted.turn)
    return None
