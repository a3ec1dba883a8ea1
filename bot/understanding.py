"""What a message asks, read alone and, where that does not settle it, with what was said before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from bot.acceptance import Accepted
from bot.content import Content, topic
from bot.followups import Context, choice, context, questions, readings
from bot.messages import Channel, Engine, EngineReply, EngineUnavailableError, ReplyKind, Utterance
from bot.text import other_language, plain, requested_language

UNSETTLED: Final = frozenset({"ask_back", "nlu_fallback", "out_of_scope"})
"""Topics that mean: not understood."""
PARTS: Final = 3
"""Questions of one message that are looked at; two of them are answered."""
ANSWERS: Final = 2
SESSION: Final = timedelta(hours=24)
"""After so long a silence an SMS thread is a new session; the crisis state has a time of its own."""
REPEAT: Final = "repeat"
OTHER_LANGUAGE: Final = Utterance("utter_other_language")
MORE: Final = EngineReply((Utterance("utter_more"),), "more", 1.0)

Ask = Callable[[str], Awaitable[EngineReply]]


async def understand(accepted: Accepted, open_: Context, content: Content, engine: Engine) -> EngineReply:
    """What the engine makes of a message in its conversation.

    Args:
        accepted: The message with its conversation's standing.
        open_: What the last exchange left open.
        content: Knows the question that stands for a topic, and which topics must not be answered.
        engine: Reads one text at a time.

    Raises:
        EngineUnavailableError: The engine cannot be asked at all.
    """
    message = replace(accepted.message, text=plain(accepted.message.text))

    async def ask(text: str) -> EngineReply:
        return await engine.reply(replace(message, text=text), accepted.risk, accepted.language)

    if other_language(message.text):
        # What it seems to be about is kept: danger may show in any language.
        return replace(await ask(message.text), utterances=(OTHER_LANGUAGE,))
    chosen = choice(message.text, open_.offered)
    if chosen is not None:
        return await ask(chosen)
    if open_.said is not None and requested_language(message.text) is not None:
        return _again(open_, await ask(message.text), content)
    both = await _each(questions(message.text), ask, content)
    if both is not None:
        return both
    understood = await ask(message.text)
    if understood.topic == REPEAT:
        return _again(open_, understood, content)
    if understood.topic not in UNSETTLED:
        return understood
    return await _reread(message.text, understood, accepted, open_, content, ask)


def open_context(accepted: Accepted) -> Context:
    """What the conversation's last exchange left open when this message came."""
    now, heard_at = accepted.message.received_at, accepted.standing.last_inbound_at
    if accepted.message.channel is Channel.SMS and heard_at is not None and now - heard_at >= SESSION:
        # A thread of texts is never closed: what was offered yesterday is no choice any more.
        return Context()
    return context(accepted.standing.history, now)


async def _each(asked: Sequence[str], ask: Ask, content: Content) -> EngineReply | None:
    """The answers to two questions of one message; None when they are not two that can be answered."""
    found: dict[str, EngineReply] = {}
    for question in asked[:PARTS]:
        understood = await ask(question)
        if understood.topic is None or understood.topic in UNSETTLED:
            continue
        if _refuses(understood, content):
            return understood
        found.setdefault(understood.topic, understood)
    if len(found) < ANSWERS:
        return None
    first, second = list(found.values())[:ANSWERS]
    return replace(first, utterances=(*first.utterances, *second.utterances))


async def _reread(
    text: str, understood: EngineReply, accepted: Accepted, open_: Context, content: Content, ask: Ask
) -> EngineReply:
    """The message read with what came before it, where that settles it; else as it was understood."""
    last = topic(open_.answer.response) if open_.answer is not None and open_.answer.response else None
    question = content.question(last, accepted.language) if last else None
    try:
        for reading in readings(text, open_, question):
            again = await ask(reading)
            if again.topic not in UNSETTLED:
                return MORE if again.topic == last else again
    except EngineUnavailableError:
        return understood
    return understood


def _again(open_: Context, understood: EngineReply, content: Content) -> EngineReply:
    """The last curated reply once more, rendered anew in the language of this message.

    One that named a city cannot be: its arguments are not kept.
    """
    name = open_.said.response if open_.said is not None else None
    curated = content.responses.get(name or "")
    if curated is None or curated.takes_arguments:
        return understood
    return replace(understood, utterances=(Utterance(curated.name),))


def _refuses(understood: EngineReply, content: Content) -> bool:
    named = (content.responses.get(utterance.response or "") for utterance in understood.utterances)
    return any(curated is not None and curated.kind is ReplyKind.REFUSAL for curated in named)
