"""Logging: ids, levels and error types on standard error, never words, and never in anybody's way."""

from __future__ import annotations

import logging
import logging.handlers
import queue
from typing import Final

CAPACITY: Final = 1_000
"""Lines that wait for a slow reader; what comes on top is dropped."""


class DroppingHandler(logging.handlers.QueueHandler):
    """Hands lines to the writing thread; a full pipe that nobody reads must not stop the service."""

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue the line, or drop it."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return


def configure_logs(level: int = logging.INFO) -> None:
    """Write our own log lines to standard error from a thread of its own; other libraries' warnings too."""
    lines: queue.Queue[logging.LogRecord] = queue.Queue(CAPACITY)
    writer = logging.StreamHandler()
    writer.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    listener = logging.handlers.QueueListener(lines, writer)
    listener.start()
    root = logging.getLogger()
    root.handlers[:] = [DroppingHandler(lines)]
    root.setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(level)
    # One names the address of whoever sends malformed HTTP, the other those of staff, secrets included.
    for name in ("aiohttp.server", "apprise"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
