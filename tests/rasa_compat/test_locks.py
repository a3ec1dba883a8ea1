from __future__ import annotations

import asyncio
import time

from bot.rasa_compat import tensorflow_free  # noqa: F401  (before rasa)

# isort: split
from bot.rasa_compat.locks import PromptLockStore


async def test_a_senders_messages_follow_one_another_at_once() -> None:
    """Rasa's own store would look once a second: five waits of it would be five seconds."""
    locks, order = PromptLockStore(), []

    async def turn(number: int) -> None:
        async with locks.lock("someone"):
            order.append(number)
            await asyncio.sleep(0.02)

    began = time.monotonic()
    await asyncio.gather(*(turn(number) for number in range(6)))
    assert order == list(range(6))
    assert time.monotonic() - began < 1


async def test_senders_do_not_wait_for_each_other() -> None:
    locks = PromptLockStore()
    async with locks.lock("someone"), asyncio.timeout(0.5), locks.lock("somebody else"):
        pass
