"""The learned layer of risk beside the rules: loaded in a thread, asked there, never waited for long.

The rules have always screened a message before it comes here. Whatever happens here (no model, no
encoders, an error, a busy machine), what the rules found stands.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.messages import Level, PastTurn, Risk

if TYPE_CHECKING:
    from bot.risk.learned import LearnedLayer

log = logging.getLogger(__name__)

DEADLINE: Final = timedelta(seconds=0.2)
"""For one message. It takes a tenth of that; a crowd of senders may take it all."""


class SecondLook:
    """Raises the risk of messages by what they are like."""

    def __init__(self, folder: Path, *, deadline: timedelta = DEADLINE) -> None:
        """`folder` holds the trained layer; nothing is read before `start`."""
        self._folder = folder
        self._deadline = deadline
        self._layer: LearnedLayer | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="second-look")
        self.reason: str | None = "not started"

    @property
    def ready(self) -> bool:
        """Whether a message sent now would be looked at."""
        return self._layer is not None

    def start(self) -> None:
        """Begin loading the layer and the encoders in the thread; returns at once."""
        self.reason = "loading"
        self._thread.submit(self._load)

    def stop(self) -> None:
        """Let go of the thread; what is being computed finishes by itself."""
        self._layer = None
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def look(self, risk: Risk, text: str, history: Sequence[PastTurn], at: datetime) -> Risk:
        """The risk that the rules found, raised where the layer finds more; never raises an error.

        Args:
            risk: What the rules found; at CRISIS and above there is nothing to add.
            text: As received.
            history: The turns before it, oldest first.
            at: When the message came.
        """
        layer = self._layer
        if layer is None or risk.level >= Level.CRISIS:
            return risk
        asked = self._thread.submit(_raise, layer, risk, text, tuple(history), at)
        looking = asyncio.wrap_future(asked)
        done, _ = await asyncio.wait({looking}, timeout=self._deadline.total_seconds())
        if not done:
            # Nobody waits for it any more: if it has not begun it never will.
            looking.cancel()
            log.warning("the second look is late: the rules stand alone for this message")
            return risk
        if looking.cancelled():
            return risk
        error = looking.exception()
        if error is not None:
            # Its own words may quote the message.
            log.error("the second look failed: %s", type(error).__name__)
            return risk
        return looking.result()

    def _load(self) -> None:
        started = time.monotonic()
        try:
            from threadpoolctl import threadpool_limits

            from bot.encoders import shared
            from bot.risk.learned import LearnedLayer

            # A message is too little work for several threads: they wait for each other (8 ms for 0.8).
            threadpool_limits(limits=1, user_api="blas")
            if not self._folder.is_dir():
                raise FileNotFoundError(f"{self._folder} does not exist")
            layer = LearnedLayer.load(self._folder, shared())
            layer.judge("ready")  # the first text costs more, and would be somebody's
        except Exception as error:
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            self.reason = f"the learned layer could not be loaded: {what}. Run 'harborline train'"
            log.error("%s", self.reason)
            return
        self._layer, self.reason = layer, None
        log.info("the learned layer is ready after %.1f s", time.monotonic() - started)


def _raise(layer: LearnedLayer, risk: Risk, text: str, history: Sequence[PastTurn], at: datetime) -> Risk:
    from bot.risk.raising import raised
    from bot.risk.screen import PIECE, recent_texts

    risk = raised(risk, layer.judge(text), words=len(text.split()))
    before = " ".join(recent_texts(history, at))
    if risk.level >= Level.CRISIS or not before or len(text) > PIECE:
        return risk
    # What the texts before said alone is their own turn's risk: only what this one adds counts.
    joined = f"{before} {text}"
    together = layer.judge(joined)
    is_more = together.level > layer.judge(before).level
    return raised(risk, together, words=len(joined.split())) if is_more else risk
