"""The terminal: talk to the real bot in a rehearsal."""

from __future__ import annotations

import asyncio
import sys
from typing import Final
from uuid import UUID, uuid4

from bot.messages import Channel, Language, Message, Reply, Silent
from bot.rehearsal import rehearse
from bot.services import Services
from bot.settings import Settings
from bot.text import clean

LOADING: Final = "A rehearsal: nothing is kept and nobody is paged. Loading …\n"
PROMPT: Final = "\nyou> "


async def chat(settings: Settings, language: Language) -> None:
    """Talk until the end of the input.

    Raises:
        DataError: `data/` cannot be used.
        SettingsError: The model cannot be loaded.
    """
    _write(LOADING)
    async with rehearse(settings) as services:
        conversation = uuid4()
        for reply in await services.responder.greet(conversation, Channel.WEB, language):
            _write(_shown(reply))
        while (line := await asyncio.to_thread(_read)) is not None:
            await _say(services, conversation, line)


async def _say(services: Services, conversation: UUID, line: str) -> None:
    message = Message(conversation, Channel.WEB, clean(line), uuid4().hex, services.clock.now())
    replies = await services.responder.respond(message)
    for reply in () if isinstance(replies, Silent) else replies:
        _write(_shown(reply))


def _read() -> str | None:
    """The next line without its end; None at the end of the input."""
    _write(PROMPT)
    return line.rstrip("\n") if (line := sys.stdin.readline()) else None


def _shown(reply: Reply) -> str:
    lines = [f"\n[{reply.kind}] {reply.text}"]
    if reply.source is not None:
        lines.append(f"  source: {reply.source.section}, reviewed {reply.source.reviewed_on}")
    lines += [f"  {link.label}: {link.href}" for link in reply.links]
    lines += [f"  > {text}" for text in reply.quick_replies]
    return "\n".join(lines) + "\n"


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
