"""The audit log: who did what to whom, append-only, chained, and anchored outside the database."""

from bot.audit.chain import Act, record

__all__ = ["Act", "record"]
