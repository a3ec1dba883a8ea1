"""One conversation of a thousand turns in Harborline, in this process: `python -m bench.long_conversation`.

Over HTTP a conversation may send 30 messages a minute before the engine is spared, so that a thousand turns
would take half an hour. The real services are called directly instead; screening, engine, database and
encryption are all there, and only HTTP is not. Its last line is JSON: milliseconds by turn.
"""

from __future__ import annotations

import asyncio
import json
import sys
from uuid import UUID, uuid4

import click

from bench.asks import questions
from bench.measuring import Depth, depth
from bench.plan import FULL, QUICK, Plan
from bot.conversation import Responder
from bot.messages import Channel, Clock, Language, Message, Silent
from bot.rehearsal import rehearse
from bot.settings import Settings

NAME = "Harborline (no HTTP)"


class Direct:
    """Conversations by way of the responder itself."""

    def __init__(self, responder: Responder, clock: Clock) -> None:
        self._responder = responder
        self._clock = clock

    async def open(self) -> str:
        """Open a conversation as the API does."""
        conversation = uuid4()
        await self._responder.greet(conversation, Channel.WEB, Language.EN)
        return str(conversation)

    async def say(self, conversation: str, text: str) -> list[str]:
        """Send a message under a fresh id."""
        message = Message(UUID(conversation), Channel.WEB, text, uuid4().hex, self._clock.now(), Language.EN)
        replies = await self._responder.respond(message)
        return [] if isinstance(replies, Silent) else [reply.text for reply in replies]


async def measure(plan: Plan) -> Depth:
    """The latency along one conversation."""
    async with rehearse(Settings()) as services:
        target = Direct(services.responder, services.clock)
        return await depth(NAME, target, questions(services.content), plan)


@click.command()
@click.option("--quick", is_flag=True)
def main(quick: bool) -> None:
    """Measure and print."""
    measured = asyncio.run(measure(QUICK if quick else FULL))
    sys.stdout.write(f"\n{json.dumps(measured.ms)}\n")


if __name__ == "__main__":
    main()
