"""JSON on the wire to messages: every field checked before anything is done with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from bot.channels.bodies import MalformedError
from bot.messages import Language, Page
from bot.text import clean

MAX_PAGE: Final = 500
"""Characters of a page's address, and of its title, that are kept."""
MAX_DIGITS: Final = 9
"""Of a turn's number: what the database can compare with."""
MAX_ID: Final = 128
"""Characters of a client_message_id."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """The body of POST /api/messages; `text` is as it was sent, whatever it holds."""

    conversation: UUID
    client_message_id: str
    text: str
    language: Language | None
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The body of POST /api/feedback; `comment` is read like a message, its text empty for none."""

    turn: UUID
    helpful: bool
    comment: Inbound
    commented: bool


def inbound(body: dict[str, Any]) -> Inbound:
    """A message out of a parsed body; names that are not known are ignored.

    Raises:
        MalformedError: A field is missing or of the wrong type.
    """
    return Inbound(
        conversation=identifier(body.get("conversation")),
        client_message_id=_id(body.get("client_message_id")),
        text=_string(body.get("text")),
        language=language(body),
        page=_page(body.get("page")),
    )


def call_back_wish(body: dict[str, Any]) -> Inbound:
    """A request to be called out of a parsed body; its text is the number as it was typed.

    Raises:
        MalformedError: A field is missing or of the wrong type, or `consent` is not true.
    """
    if body.get("consent") is not True:
        raise MalformedError("consent")
    return inbound({**body, "text": body.get("number")})


def judgement(body: dict[str, Any]) -> Judgement:
    """What a person says about a reply, out of a parsed body.

    Raises:
        MalformedError: A field is missing or of the wrong type.
    """
    turn, comment = identifier(body.get("turn")), body.get("comment")
    if not isinstance(body.get("helpful"), bool):
        raise MalformedError("helpful")
    said = {**body, "client_message_id": f"feedback:{turn}", "text": "" if comment is None else comment}
    return Judgement(turn, bool(body["helpful"]), inbound(said), commented=comment is not None)


def language(body: dict[str, Any]) -> Language | None:
    """The language that a body asks for, if any.

    Raises:
        MalformedError: It is none of ours.
    """
    code = body.get("language")
    if code is None:
        return None
    if not isinstance(code, str) or code not in set(Language):
        raise MalformedError("language")
    return Language(code)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise MalformedError("text")
    return value


def sequence(value: object) -> int:
    """The number of a turn, 0 for none; as a number, or as its digits in an address.

    Raises:
        MalformedError: It is none.
    """
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value[:MAX_DIGITS])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**MAX_DIGITS:
        raise MalformedError("seq")
    return value


def _page(value: object) -> Page | None:
    """A page as it says of itself, cut to a sane length; None for anything that is none."""
    # It is a kindness to staff: a message is never refused for it.
    if not isinstance(value, dict):
        return None
    address, title = value.get("address"), value.get("title")
    if not isinstance(address, str) or not isinstance(title, str):
        return None
    # What follows the path may hold names, searches or tokens.
    path = re.split("[?#]", clean(address), maxsplit=1)[0]
    return Page(path[:MAX_PAGE], clean(title)[:MAX_PAGE])


def _id(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID or not value.isprintable():
        raise MalformedError("client_message_id")
    return value


def identifier(value: object) -> UUID:
    """A UUID in its written form.

    Raises:
        MalformedError: It is none.
    """
    try:
        return UUID(_string(value))
    except ValueError as error:
        raise MalformedError("conversation") from error
