"""Frames of the widget's socket, out of and into JSON; docs/widget-protocol.md describes them."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from bot.channels.bodies import MAX_BODY, MalformedError, TooLargeError
from bot.channels.showing import answers_json, place_json
from bot.channels.wire import MAX_ID, identifier, language, sequence
from bot.exchange import Exchange
from bot.messages import Language

MAX_TOKEN: Final = 1_000
"""Characters; ours are shorter."""

Frame = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hello:
    """A client's first frame: whose conversation it is for, and the last turn that it has seen."""

    conversation: UUID
    token: str
    seen: int
    language: Language | None


def parse(data: bytes | str) -> Frame:
    """The JSON object in a frame; bytes that are no UTF-8 are replaced.

    Raises:
        TooLargeError, MalformedError
    """
    if len(data) > MAX_BODY:
        raise TooLargeError
    text = data.decode("utf-8", errors="replace") if isinstance(data, bytes) else data
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    if not isinstance(parsed, dict):
        raise MalformedError("not an object")
    return parsed


def hello(frame: Frame) -> Hello:
    """The first frame.

    Raises:
        MalformedError: It is another one, or a field is missing or of the wrong type.
    """
    token = frame.get("token")
    if frame.get("type") != "hello" or not isinstance(token, str) or len(token) > MAX_TOKEN:
        raise MalformedError("hello")
    conversation = identifier(frame.get("conversation"))
    return Hello(conversation, token, sequence(frame.get("seen", 0)), language(frame))


def names(frame: Frame) -> Frame:
    """What an error says of the frame that it is about: ids alone, and only sound ones."""
    found: Frame = {}
    named = frame.get("client_message_id")
    if isinstance(named, str) and 1 <= len(named) <= MAX_ID and named.isprintable():
        found["client_message_id"] = named
    with suppress(MalformedError):
        found["turn"] = str(identifier(frame.get("turn")))
    return found


def replies(client_message_id: str, exchange: Exchange) -> Frame:
    """What is answered to a message or to a wish to be called."""
    return {
        "type": "replies",
        "client_message_id": client_message_id,
        "message": place_json(exchange.message),
        "turns": said(exchange),
    }


def said(exchange: Exchange) -> list[Frame]:
    """The replies as turns."""
    return [{"by": "bot", **each} for each in answers_json(exchange)]


def written(exchange: Exchange, client_message_id: str, text: str) -> Frame:
    """A person's message as a turn, for their other tabs."""
    own = {"by": "person", "text": text, "client_message_id": client_message_id}
    return {**place_json(exchange.message), **own}
