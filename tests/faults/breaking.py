"""`harborline` with one thing broken on purpose: `python -m tests.faults.breaking POINT serve`.

kill points  the process kills itself with SIGKILL when a message reaches the point for the first time
hang         the engine's classifier sleeps for an hour in a message that holds the word "xylophone"
fail         the same, but it raises
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

TRIGGER = "xylophone"


def die() -> None:
    """Die as a power cut does: nothing is flushed, nothing is closed."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def dying_before(owner: Any, name: str) -> None:
    """Die when the coroutine function is called."""
    real = getattr(owner, name)

    async def call(*args: Any, **kwargs: Any) -> Any:
        die()
        return await real(*args, **kwargs)

    setattr(owner, name, call)


def dying_after(owner: Any, name: str) -> None:
    """Die when the coroutine function has done its work and before its caller sees the result."""
    real = getattr(owner, name)

    async def call(*args: Any, **kwargs: Any) -> Any:
        result = await real(*args, **kwargs)
        die()
        return result

    setattr(owner, name, call)


def after_screen() -> None:
    from bot.acceptance import Acceptance

    dying_before(Acceptance, "accept")


def before_commit() -> None:
    from bot import acceptance

    dying_after(acceptance, "store")


def after_commit() -> None:
    from bot.acceptance import Acceptance

    dying_after(Acceptance, "accept")


def during_engine() -> None:
    from bot.engine import RasaEngine

    real = RasaEngine.reply

    async def reply(*args: Any, **kwargs: Any) -> Any:
        # A crisis does not wait for the engine: give it the time to get under way.
        asyncio.get_running_loop().call_later(0.005, die)
        return await real(*args, **kwargs)

    RasaEngine.reply = reply  # type: ignore[method-assign]


def before_record() -> None:
    from bot.recording import Recording

    dying_before(Recording, "record")


def during_send() -> None:
    from bot.conversation import Responder

    dying_after(Responder, "exchange")


def _broken_classifier(act: Callable[[], None]) -> None:
    from bot.nlu.topic_model import TopicModel

    real = TopicModel.rank

    def rank(self: TopicModel, text: str) -> Any:
        if TRIGGER in text:
            act()
        return real(self, text)

    TopicModel.rank = rank  # type: ignore[method-assign]


def hang() -> None:
    _broken_classifier(lambda: time.sleep(3600))


def fail() -> None:
    def act() -> None:
        raise RuntimeError("broken on purpose")

    _broken_classifier(act)


KILL_POINTS = (after_screen, before_commit, after_commit, during_engine, before_record, during_send)
POINTS = {point.__name__: point for point in (*KILL_POINTS, hang, fail)}


if __name__ == "__main__":
    POINTS[sys.argv.pop(1)]()
    from bot.cli import main

    main()
