"""When a person must be told again that this is an automated service.

California SB 243 (2025) asks for it at the start and every three hours of a continued chat; after a
week without a word, a conversation starts anew.
"""

from __future__ import annotations

from datetime import datetime, timedelta

CONTINUED = timedelta(hours=3)
IDLE = timedelta(days=7)


def disclosure_due(now: datetime, *, disclosed_at: datetime | None, last_inbound_at: datetime | None) -> bool:
    """Whether the next reply has to carry the disclosure.

    Args:
        now: The current time.
        disclosed_at: When the disclosure was last sent, if ever.
        last_inbound_at: When the person last wrote, if ever.
    """
    if disclosed_at is None:
        return True
    if last_inbound_at is None:
        return now - disclosed_at >= IDLE
    idle = now - last_inbound_at
    return idle >= IDLE or (now - disclosed_at >= CONTINUED and idle < CONTINUED)
