"""Curated content: what the bot may say, read from `data/` and checked before it is used."""

from bot.content.clinic import Clinic, Number
from bot.content.stamp import stamp
from bot.content.store import (
    Content,
    ContentError,
    UnknownResponseError,
    UnsignedResponseError,
    examine,
    load,
    topic,
)

__all__ = [
    "Clinic",
    "Content",
    "ContentError",
    "Number",
    "UnknownResponseError",
    "UnsignedResponseError",
    "examine",
    "load",
    "stamp",
    "topic",
]
