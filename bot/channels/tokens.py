"""Chat tokens: proof that a conversation id was issued by this server, checked without the database."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from itsdangerous import BadData, URLSafeSerializer

from bot.transcripts.encryption import KeyRing

LIFETIME: Final = timedelta(days=30)
CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far ahead another process's clock may be."""


class TokenError(Exception):
    """A token is forged, malformed, expired, or for another conversation."""


class Tokens:
    """Issues and reads tokens; every key of the ring verifies, so a rotation ends no chat."""

    def __init__(self, ring: KeyRing) -> None:
        # itsdangerous signs with the last key of the list; the ring's current key is its first.
        keys = list(reversed(ring.derive_all("chat token")))
        self._serializer = URLSafeSerializer(
            keys,
            salt="chat token",
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )

    def issue(self, conversation: UUID, *, now: datetime) -> str:
        """A token for the conversation that was opened at `now`."""
        return self._serializer.dumps([conversation.hex, int(now.timestamp())])

    def conversation(self, token: str, *, now: datetime) -> UUID:
        """The conversation that a token was issued for.

        Raises:
            TokenError: It is forged or malformed, older than `LIFETIME`, or from the future.
        """
        conversation, issued = self._read(token)
        if not -CLOCK_SKEW <= now - issued <= LIFETIME:
            raise TokenError("expired")
        return conversation

    def _read(self, token: str) -> tuple[UUID, datetime]:
        try:
            conversation, issued = self._serializer.loads(token)
        except (BadData, ValueError) as error:
            raise TokenError("not issued here") from error
        return UUID(conversation), datetime.fromtimestamp(issued, UTC)
