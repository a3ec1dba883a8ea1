"""What belongs to the turn in hand, for the parts of Rasa that cannot be given arguments."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True)
class Turn:
    """One message on its way through Rasa.

    `slots` hold for this turn whatever a stored tracker says. `failed_actions` collects the names of
    actions that raised or took too long, which Rasa itself passes over.
    """

    at: datetime
    slots: Mapping[str, str] = field(default_factory=dict)
    failed_actions: list[str] = field(default_factory=list)


CURRENT: Final[ContextVar[Turn | None]] = ContextVar("turn", default=None)
