"""Texting people: providers, what goes out, when, and what became of it."""

from bot.texting.queue import CannotTextError, Queued, Why, queue_text

__all__ = ["CannotTextError", "Queued", "Why", "queue_text"]
