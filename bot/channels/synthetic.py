"""The heartbeat's requests: marked by a secret, answered like any other, and kept out of staff's sight."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from bot.messages import Message

MARK: Final = "Harborline-Heartbeat"
"""The request's header that holds the secret; in the response it says that the secret was right."""
STORED: Final = "Harborline-Stored"
"""The response's header that says whether message and answer could be read back from the database."""


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Tells the heartbeat's requests from people's.

    Args:
        secret: What the mark must hold; nothing is marked while it is empty.
        stored: Reads a message and its answer back from the database; never raises.
    """

    secret: str
    stored: Callable[[Message], Awaitable[bool]]

    def marks(self, request: web.BaseRequest) -> bool:
        """Whether a request is the heartbeat's."""
        given = request.headers.get(MARK, "").encode("utf-8", "surrogateescape")
        return bool(self.secret) and hmac.compare_digest(given, self.secret.encode())

    async def seen(self, message: Message) -> dict[str, str]:
        """Headers of the response to a message: none for a person's."""
        if not message.synthetic:
            return {}
        return {MARK: "yes", STORED: "yes" if await self.stored(message) else "no"}
