"""JSON on the wire to and from messages and replies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.exchange import Exchange
from bot.messages import Language, Link, Page, Reply, Source
from bot.text import clean
from bot.transcripts.following import Kept
from bot.transcripts.placing import Place

MAX_BODY: Final = 1_000_000
"""Bytes of a request body; a longer one is refused."""
MAX_PAGE: Final = 500
"""Characters of a page's address, and of its title, that are kept."""
MAX_DIGITS: Final = 9
"""Of a turn's number: what the database can compare with."""
MAX_ID: Final = 128
"""Characters of a client_message_id."""


class MalformedError(Exception):
    """A body is not JSON, or not of the documented types."""


class TooLargeError(Exception):
    """A body is longer than `MAX_BODY`."""


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


async def read_object(request: web.Request) -> dict[str, Any]:
    """The JSON object in the body; an empty body is an empty object.

    Bytes that the charset does not allow are replaced: what can still be read of a message is screened.

    Raises:
        TooLargeError, MalformedError
    """
    body = await _read(request)
    try:
        parsed = json.loads(_decode(body, request.charset) or "{}")
    except (ValueError, RecursionError) as error:
        raise MalformedError("not JSON") from error
    if not isinstance(parsed, dict):
        raise MalformedError("not an object")
    return parsed


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


def replies_json(replies: Iterable[Reply]) -> list[dict[str, Any]]:
    """Replies that are no turns as the API shows them."""
    return [reply_json(reply) for reply in replies]


def exchange_json(exchange: Exchange) -> dict[str, Any]:
    """What was answered to a message, and by which ids both are known again; no replies for silence."""
    return {"message": place_json(exchange.message), "replies": answers_json(exchange)}


def answers_json(exchange: Exchange) -> list[dict[str, Any]]:
    """The replies with their places."""
    return [
        {**place_json(place), **reply_json(reply)}
        for place, reply in zip(exchange.places, exchange.said, strict=True)
    ]


def kept_json(kept: Kept, conversation: UUID) -> dict[str, Any]:
    """A stored turn as the API shows it."""
    if kept.reply is not None:
        return {**place_json(kept.place), "by": "bot" if kept.reply_to else "staff", **reply_json(kept.reply)}
    id_ = (kept.external_id or "").removeprefix(f"{conversation}:")
    return {**place_json(kept.place), "by": "person", "text": kept.text, "client_message_id": id_}


def place_json(place: Place) -> dict[str, Any]:
    """A turn's id, number and time; the number is null while the database does not hold it."""
    return {"turn": str(place.turn), "seq": place.seq, "at": place.at.isoformat()}


def link_json(link: Link) -> dict[str, str]:
    """A link as the API shows it."""
    return {"label": link.label, "href": link.href}


def reply_json(reply: Reply) -> dict[str, Any]:
    """A reply as the API shows it."""
    return {
        "kind": reply.kind.value,
        "text": reply.text,
        "language": reply.language.value,
        "quick_replies": list(reply.quick_replies),
        "source": _source_json(reply.source) if reply.source else None,
        "links": [link_json(link) for link in reply.links],
    }


def _source_json(source: Source) -> dict[str, str | None]:
    return {
        "title": source.title,
        "section": source.section,
        "authority": source.authority,
        "reviewed_on": source.reviewed_on,
    }


async def _read(request: web.Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                raise TooLargeError
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise MalformedError("the body does not arrive") from error
    return bytes(body)


def _decode(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", errors="replace").removeprefix("\ufeff")
    except LookupError:
        return body.decode("utf-8", errors="replace").removeprefix("\ufeff")


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
