"""Keeps what people write out of every log and off the console, and Rasa's telemetry off.

Unconfigured structlog prints Rasa's debug events, message text included; its loggers and warnings
quote messages too. Import this before `rasa`; call `silence` before the first message.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any, NoReturn

# Importing either of them resets warning filters, so they come before the filters are set.
import sanic
import sqlalchemy.exc
import structlog

LOGGERS = ("rasa", "rasa_sdk", "apscheduler", sanic.__name__)


def hush_imports() -> None:
    """Hide the deprecation warnings of Rasa's dependencies."""
    warnings.filterwarnings("ignore", category=sqlalchemy.exc.MovedIn20Warning)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")


def silence(*, structured: bool = True) -> None:
    """Make Rasa say nothing at all; what a caller must know reaches it as exceptions and results.

    Args:
        structured: Also drop structlog's events. A program that logs through structlog itself has
            configured it before, and only its loggers named like Rasa's are dropped.
    """
    if structured and not structlog.is_configured():
        structlog.configure(processors=[_drop], cache_logger_on_first_use=False)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"rasa\.")


def _drop(_logger: Any, _method: str, _event: Any) -> NoReturn:
    raise structlog.DropEvent


hush_imports()
