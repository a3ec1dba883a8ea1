"""The body of a request: at most so long, in any charset, one JSON object."""

from __future__ import annotations

import json
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

MAX_BODY: Final = 1_000_000
"""Bytes of a request body; a longer one is refused."""


class MalformedError(Exception):
    """A body is not JSON, or not of the documented types."""


class TooLargeError(Exception):
    """A body is longer than `MAX_BODY`."""


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
