"""The dialogue engine: Rasa in a thread and an event loop of its own, replaced when it hangs.

Rasa's graph is synchronous: a component that hangs would stop every sender, and no time-out inside its
event loop could end it. So the caller waits in its own loop, and a thread that makes no progress is
abandoned. This module imports no Rasa; the loader thread does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from bot.content import Content
from bot.messages import EngineReply, EngineUnavailableError, Language, Message, Risk
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.rasa_compat.agent import EmbeddedAgent

log = logging.getLogger(__name__)

DEADLINE: Final = timedelta(seconds=2)
ABANDONED_AT_MOST = 3
"""A hung thread cannot be ended and keeps its memory; after this many the engine stays down."""
UNDER_WAY_AT_MOST = 8
"""Turns begun and not finished: with more, a crowd's first messages would wait for all of its last."""
STOP_SECONDS = 2.0


class RasaEngine:
    """Answers through the trained model.

    Args:
        settings: Names the model, the database of the trackers, and what actions work with.
        actions: The package whose `build` makes the custom actions.
        content: The curated content now in force, for the actions; without it they read the data folder once.
        deadline: For one reply.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        actions: str = "actions",
        content: Callable[[], Content] | None = None,
        deadline: timedelta = DEADLINE,
    ) -> None:
        self._settings = settings
        self._actions = actions
        self._content = content
        self._deadline = deadline
        self._worker: _Worker | None = None
        self._abandoned = 0

    @property
    def ready(self) -> bool:
        """Whether a message sent now would be understood."""
        return self._worker is not None and self._worker.ready

    @property
    def reason(self) -> str | None:
        """Why it is not ready; None when it is."""
        if self._abandoned >= ABANDONED_AT_MOST:
            return f"{self._abandoned} threads hung; restart the process"
        return "not started" if self._worker is None else self._worker.reason

    def start(self) -> None:
        """Begin loading the model in a thread; returns at once."""
        if self._abandoned < ABANDONED_AT_MOST:
            self._worker = _Worker(self._settings, self._actions, self._content)
            self._worker.start()

    async def reply(self, message: Message, risk: Risk, language: Language) -> EngineReply:
        """Understand a message and pick curated responses.

        Raises:
            EngineUnavailableError: Not loaded, too late, or a component failed.
        """
        worker = self._worker
        if worker is None or not worker.ready:
            raise EngineUnavailableError(self.reason or "not ready")
        answer = worker.submit(message, risk, language, self._deadline)
        waiting = asyncio.wrap_future(answer)
        done, _ = await asyncio.wait({waiting}, timeout=self._deadline.total_seconds())
        if not done:
            self._missed(worker, answer)
            raise EngineUnavailableError(f"no reply within {self._deadline.total_seconds():g} s")
        try:
            return waiting.result()
        except (Exception, CancelledError) as error:
            # The error's own words may quote the message.
            raise EngineUnavailableError(f"a turn failed: {type(error).__name__}") from error

    async def forget(self, conversation: UUID) -> None:
        """Let go of what the dialogue remembers of a conversation, as far as that can be done in time."""
        worker = self._worker
        if worker is not None and worker.ready:
            waiting = asyncio.wrap_future(worker.forget(conversation))
            await asyncio.wait({waiting}, timeout=self._deadline.total_seconds())

    def stop(self) -> None:
        """Finish what trackers are to be written, and end the thread."""
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()

    def _missed(self, worker: _Worker, answer: Future[EngineReply]) -> None:
        """Drop a late turn; a thread that has got nothing done meanwhile hangs and is replaced.

        One that is merely busy goes on, or a crowd of senders would take the engine down for good.
        """
        answer.cancel()
        if worker is not self._worker or worker.idle_seconds() < self._deadline.total_seconds():
            return
        worker.abandon()
        self._abandoned += 1
        log.error("the engine hangs: abandoning its thread, number %d", self._abandoned)
        self.start()


class _Worker:
    """A daemon thread with an event loop and a loaded model."""

    def __init__(self, settings: Settings, actions: str, content: Callable[[], Content] | None) -> None:
        self._settings = settings
        self._actions = actions
        self._content = content
        self._loop = asyncio.new_event_loop()
        self._agent: EmbeddedAgent | None = None
        self._abandoned = False
        self._under_way = asyncio.Semaphore(UNDER_WAY_AT_MOST)
        self._progress = time.monotonic()
        self.reason: str | None = "loading"
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)

    @property
    def ready(self) -> bool:
        return self._agent is not None and not self._abandoned

    def start(self) -> None:
        self._thread.start()

    def submit(
        self, message: Message, risk: Risk, language: Language, deadline: timedelta
    ) -> Future[EngineReply]:
        """Hand a turn over to the thread."""
        late_at = time.monotonic() + deadline.total_seconds()
        return asyncio.run_coroutine_threadsafe(self._turn(message, risk, language, late_at), self._loop)

    def forget(self, conversation: UUID) -> Future[None]:
        """Have the thread let go of a conversation."""
        return asyncio.run_coroutine_threadsafe(self._forget(conversation), self._loop)

    def idle_seconds(self) -> float:
        """Since the thread last began or ended a turn."""
        return time.monotonic() - self._progress

    def abandon(self) -> None:
        """Give no more turns to it; should it wake, it ends before beginning the next one."""
        self._abandoned = True
        self.reason = "hung"
        self._loop.call_soon_threadsafe(self._loop.stop)

    def stop(self) -> None:
        """End the thread once the trackers are written, waiting a little for it."""
        self._abandoned = True
        if self._agent is not None:
            closing = asyncio.run_coroutine_threadsafe(self._agent.close(), self._loop)
            with contextlib.suppress(Exception, CancelledError):
                closing.result(STOP_SECONDS)
        with contextlib.suppress(RuntimeError):  # the loop is closed: loading had failed
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._agent = self._load(self._settings.model)
        except Exception as error:
            self.reason = f"the model could not be loaded: {_first_line(error)}. Run 'harborline train'"
            log.error("%s", self.reason)
        else:
            self.reason = None
            self._loop.run_forever()
        finally:
            self._loop.close()

    def _load(self, model: Path) -> EmbeddedAgent:
        if not model.is_file():
            raise FileNotFoundError(f"{model} does not exist")
        from bot.rasa_compat.agent import EmbeddedAgent

        started = time.monotonic()
        agent = EmbeddedAgent.load(model, self._settings, actions=self._actions, content=self._content)
        log.info("the engine is ready after %.1f s", time.monotonic() - started)
        return agent

    async def _forget(self, conversation: UUID) -> None:
        if self._agent is not None:
            await self._agent.forget(conversation)

    async def _turn(self, message: Message, risk: Risk, language: Language, late_at: float) -> EngineReply:
        async with self._under_way:
            self._progress = time.monotonic()
            # Nobody waits for a late turn any more; computing it would only make the next ones late.
            if self._abandoned or self._agent is None or self._progress >= late_at:
                raise EngineUnavailableError("too late to begin")
            try:
                return await self._agent.turn(message, risk, language)
            finally:
                self._progress = time.monotonic()


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
