"""Rasa custom actions; the same package serves in-process and under `harborline rasa run actions`."""

from collections.abc import Callable
from pathlib import Path

from rasa_sdk import Action

from actions.areas_served import ActionAreasServed
from actions.context import Context
from actions.handoff import ActionHandoff
from bot.content import Content
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing

__all__ = ["ActionAreasServed", "ActionHandoff", "build"]


def build(
    data: Path,
    *,
    ring: KeyRing | None,
    database: Database | None,
    content: Callable[[], Content] | None = None,
) -> tuple[Action, ...]:
    """The actions for this process; rasa_sdk's own server makes them without arguments instead.

    `content` is the content now in force where it is reloaded; without it `data` is read once.

    Raises:
        DataError: `data` cannot be used.
    """
    context = Context(data, ring=ring, database=database, content=content)
    return ActionAreasServed(context), ActionHandoff(context)
