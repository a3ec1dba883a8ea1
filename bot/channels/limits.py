"""Rate limits: over them a message is screened and answered all the same, but not by the engine."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from aiohttp import web
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from bot.channels.addresses import counted, networks, sender

log = logging.getLogger(__name__)

PER_CONVERSATION: Final = "30/minute;300/hour"
PER_ADDRESS: Final = "240/minute;3000/hour"
"""Generous: a shelter, a campus or a whole mobile network may share one address."""
OPENINGS_PER_ADDRESS: Final = "60/minute;600/hour"


class Limits:
    """Counts messages and openings in this process's memory.

    The sliding-window counter keeps two numbers a key and forgets expired keys, so no address outlives
    its hour. A limiter that fails limits nobody.

    Args:
        trusted_proxies: Addresses or networks whose `X-Forwarded-For` is believed.
        per_conversation: Messages of one conversation, for example `30/minute;300/hour`.
        per_address: Messages from one address.
        openings: Conversations opened from one address.

    Raises:
        ValueError: A proxy is not an address, or a limit is malformed.
    """

    def __init__(
        self,
        *,
        trusted_proxies: Iterable[str] = (),
        per_conversation: str = PER_CONVERSATION,
        per_address: str = PER_ADDRESS,
        openings: str = OPENINGS_PER_ADDRESS,
    ) -> None:
        self._proxies = networks(trusted_proxies)
        self._per_conversation = parse_many(per_conversation)
        self._per_address = parse_many(per_address)
        self._openings = parse_many(openings)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def message(self, request: web.BaseRequest, conversation: UUID) -> bool:
        """Count a message; whether its sender is over a limit."""
        # Both are counted, so that one hot conversation does not hide a hot address.
        over_address = self._over_address(self._per_address, "message", request)
        return self._over(self._per_conversation, "conversation", conversation.hex) or over_address

    def text(self, conversation: UUID) -> bool:
        """Count a text message; whether its sender is over the limit. Texts have no address to count by."""
        return self._over(self._per_conversation, "conversation", conversation.hex)

    def opening(self, request: web.BaseRequest) -> bool:
        """Count a conversation's opening; whether its sender is over the limit."""
        return self._over_address(self._openings, "opening", request)

    def _over_address(self, items: Sequence[RateLimitItem], what: str, request: web.BaseRequest) -> bool:
        address = sender(request, self._proxies)
        # A loopback address is this machine or a proxy that the settings do not name, behind which
        # everybody looks alike: limiting it would limit everybody.
        if address is None or address.is_loopback:
            return False
        return self._over(items, what, counted(address))

    def _over(self, items: Sequence[RateLimitItem], what: str, whose: str) -> bool:
        try:
            return not all([self._limiter.hit(item, what, whose) for item in items])
        except Exception as error:  # Whatever the limiter does, the message goes on.
            log.error("limits failed: %s", type(error).__name__)
            return False
