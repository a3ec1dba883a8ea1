"""A message and what was answered, with what a client knows both again by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from bot.messages import Reply, Silent
from bot.transcripts.placing import Place
from bot.transcripts.turns import outbound_id


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message's place, the replies or `SILENT`, and the place of each reply."""

    message: Place
    replies: tuple[Reply, ...] | Silent
    places: tuple[Place, ...] = ()

    @property
    def said(self) -> tuple[Reply, ...]:
        """The replies; none for silence."""
        return () if isinstance(self.replies, Silent) else self.replies


def unplaced(turn: UUID, at: datetime, replies: tuple[Reply, ...] | Silent) -> Exchange:
    """An exchange that the database does not hold; the ids are those that it will get there."""
    said: Sequence[Reply] = () if isinstance(replies, Silent) else replies
    places = tuple(Place(outbound_id(turn, position), None, at) for position in range(len(said)))
    return Exchange(Place(turn, None, at), replies, places)


def beside(conversation: UUID, external_id: str, at: datetime, replies: tuple[Reply, ...]) -> Exchange:
    """An exchange that is no turn and is stored nowhere: the same whenever the same is sent again."""
    return unplaced(uuid5(conversation, external_id), at, replies)
