"""JSON on the wire to and from messages and replies."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.messages import Language, Link, Reply, Silent, Source

MAX_BODY: Final = 1_000_000
"""Bytes of a request body; a longer one is refused."""
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
        conversation=_uuid(body.get("conversation")),
        client_message_id=_id(body.get("client_message_id")),
        text=_string(body.get("text")),
        language=language(body),
    )


def call_back_wish(body: dict[str, Any]) -> Inbound:
    """A request to be called out of a parsed body; its text is the number as it was typed.

    Raises:
        MalformedError: A field is missing or of the wrong type, or `consent` is not true.
    """
    if body.get("consent") is not True:
        raise MalformedError("consent")
    return inbound({**body, "text": body.get("number")})


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


def replies_json(replies: Iterable[Reply] | Silent) -> list[dict[str, Any]]:
    """Replies as the API shows them; none for silence."""
    return [] if isinstance(replies, Silent) else [_reply_json(reply) for reply in replies]


def link_json(link: Link) -> dict[str, str]:
    """A link as the API shows it."""
    return {"label": link.label, "href": link.href}


def _reply_json(reply: Reply) -> dict[str, Any]:
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


def _id(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID or not value.isprintable():
        raise MalformedError("client_message_id")
    return value


def _uuid(value: object) -> UUID:
    try:
        return UUID(_string(value))
    except ValueError as error:
        raise MalformedError("conversation") from error
