"""Waiting for work that must not be cancelled.

Cancelling a database call under way leaves its connection waiting out the busy timeout, so work that
misses its deadline is left to finish and its result dropped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

# The event loop holds tasks weakly: one that nobody waits for any more must be held here.
_late: set[asyncio.Task[Any]] = set()


async def finish_within(limit: timedelta, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`.

    Raises:
        TimeoutError: It was not done within `limit`; it goes on.
        Exception: Whatever `work` raised.
    """
    task = asyncio.create_task(work)
    _late.add(task)
    task.add_done_callback(_finished)
    done, _ = await asyncio.wait({task}, timeout=limit.total_seconds())
    if not done:
        raise TimeoutError(f"not done within {limit.total_seconds()} s")
    return task.result()


async def finish_late_work() -> None:
    """Wait for everything that missed its deadline, so that nothing is cut at shutdown."""
    while _late:
        await asyncio.wait(set(_late))


def _finished(task: asyncio.Task[Any]) -> None:
    _late.discard(task)
    # Taking the exception keeps asyncio from printing it, arguments included, when the task is dropped.
    if not task.cancelled() and task.exception() is not None:
        log.info("work failed: %s", type(task.exception()).__name__)
