"""How a command refuses: one line that names the remedy, and exit code 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from bot.settings import SettingsError
from bot.text.fault import DataError

BAD_INPUT: Final = 2
"""Exit code for anything that the caller can put right: settings, data, a port in use."""


class Refusal(click.ClickException):
    """One line that names the remedy, and exit code 2."""

    exit_code = BAD_INPUT


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the caller can put right into one line each and exit code 2."""
    try:
        yield
    except SettingsError as error:
        raise Refusal(str(error)) from error
    except DataError as error:
        raise Refusal(error.summary) from error
