"""Questions offered under a reply that does not answer: buttons on the web, numbered lines by SMS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bot.content import Content
from bot.content.septets import gsm, segments
from bot.followups import Context
from bot.messages import Candidate, Channel, Language, Reply, ReplyKind

OFFERS: Final = 3
SMS_PARTS: Final = 3
"""Parts of an SMS at most: fewer questions are offered where all would not fit."""
MORE: Final = "utter_more"
_OFFERING = frozenset({ReplyKind.DECLINE, ReplyKind.ASK_BACK})


def with_offers(
    reply: Reply, candidates: Sequence[Candidate], open_: Context, content: Content, channel: Channel
) -> Reply:
    """The reply with questions to pick from, where it is one that offers some.

    A decline and a question back offer what came closest; "tell me more" what goes with the last answer.
    """
    if reply.kind not in _OFFERING:
        return reply
    offered = _chosen(reply, candidates, open_, content)
    reply = replace(reply, quick_replies=offered)
    return _numbered(reply) if channel is Channel.SMS else reply


def _chosen(
    reply: Reply, candidates: Sequence[Candidate], open_: Context, content: Content
) -> tuple[str, ...]:
    related = open_.answer if reply.response == MORE else None
    if related is not None and related.quick_replies and related.language is reply.language:
        return related.quick_replies
    return reply.quick_replies or _nearest(candidates, content, reply.language)


def _nearest(candidates: Sequence[Candidate], content: Content, language: Language) -> tuple[str, ...]:
    asked = (content.question(candidate.topic, language) for candidate in candidates)
    return tuple(question for question in asked if question)[:OFFERS]


def _numbered(reply: Reply) -> Reply:
    """The questions as lines "1) …", as many as fit."""
    for count in range(len(reply.quick_replies), 0, -1):
        offered = reply.quick_replies[:count]
        lines = [f"{place}) {gsm(question)}" for place, question in enumerate(offered, start=1)]
        text = "\n".join((reply.text, *lines))
        if segments(text) <= SMS_PARTS:
            return replace(reply, text=text, quick_replies=offered)
    return reply
