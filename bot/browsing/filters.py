"""What a list of conversations is narrowed down by, as it stands in an address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Boolean, ColumnElement, exists, literal_column

from bot.messages import Channel, Kind, Language, Level
from bot.transcripts.tables import Conversation, Turn

TOPIC_LENGTH: Final = 128
AT_RISK: Final[ColumnElement[bool]] = literal_column("conversation.highest >= 1", Boolean)
"""The number itself, so that a database sees that the index of those at risk will do."""


class Lacked(StrEnum):
    """What a conversation got in place of an answer."""

    DECLINED = "declined"
    ASKED_BACK = "asked_back"


class Opinion(StrEnum):
    """What the person said of an answer."""

    HELPFUL = "helpful"
    UNHELPFUL = "unhelpful"


class Given(StrEnum):
    """Whether something is there."""

    YES = "yes"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Everything is optional. Days are the clinic's; `level` is the lowest that is wanted."""

    since: date | None = None
    until: date | None = None
    channel: Channel | None = None
    language: Language | None = None
    level: Level | None = None
    kind: Kind | None = None
    topic: str | None = None
    lacked: Lacked | None = None
    feedback: Opinion | None = None
    reviewed: Given | None = None
    case: Given | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Filters:
        """Read an address; what is not understood is left out, so that an old link still shows something."""
        found: dict[str, Any] = {}
        for name, read in _READERS.items():
            try:
                found[name] = read(query[name]) if query.get(name) else None
            except (ValueError, KeyError):
                continue
        return cls(**found)

    def query(self) -> dict[str, str]:
        """The reverse of `parse`."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _written(value) for name, value in values.items() if value is not None}


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """What a conversation must be like, beside the days."""
    wanted: list[ColumnElement[bool]] = [~Conversation.synthetic, Conversation.last_inbound_at.is_not(None)]
    for column, value in (
        (Conversation.channel, filters.channel),
        (Conversation.language, filters.language),
        (Conversation.highest_kind, filters.kind),
    ):
        if value is not None:
            wanted.append(column == value)
    if filters.level is not None:
        wanted.append(Conversation.highest >= filters.level)
    if filters.kind is not None or filters.level not in (None, Level.NONE):
        wanted.append(AT_RISK)
    if filters.topic is not None:
        wanted.append(_is_about(filters.topic))
    return [*wanted, *_flagged(filters)]


def moments(filters: Filters, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """From when, and until before when: whole days of the zone, however long a day is."""
    since = _midnight(filters.since, zone) if filters.since else None
    until = _midnight(filters.until + timedelta(days=1), zone) if filters.until else None
    return since, until


def _is_about(topic: str) -> ColumnElement[bool]:
    return exists().where(
        Turn.conversation_id == Conversation.id, Turn.topic == topic, Turn.topic.is_not(None)
    )


def _flagged(filters: Filters) -> list[ColumnElement[bool]]:
    chosen = [flag for flag, value in _FLAGS.items() if value in (filters.lacked, filters.feedback)]
    wanted: list[ColumnElement[bool]] = [_flag(flag) for flag in chosen]
    for name, given in (("reviewed", filters.reviewed), ("has_case", filters.case)):
        if given is not None:
            wanted.append(_flag(name) if given is Given.YES else ~_flag(name))
    return wanted


def _flag(name: str) -> ColumnElement[bool]:
    """A column by itself, as the indexes have it."""
    return literal_column(f"conversation.{name}", Boolean)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _written(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return value.name.lower() if isinstance(value, Level) else str(value)


def _day(value: str) -> date:
    day = date.fromisoformat(value)
    if not 2000 <= day.year < 2200:
        raise ValueError("no day that anybody means")
    return day


def _topic(value: str) -> str:
    if len(value) > TOPIC_LENGTH or not value.isprintable():
        raise ValueError("no topic")
    return value


_FLAGS: Final[Mapping[str, Lacked | Opinion]] = {
    "declined": Lacked.DECLINED,
    "asked_back": Lacked.ASKED_BACK,
    "liked": Opinion.HELPFUL,
    "disliked": Opinion.UNHELPFUL,
}
"""The columns that say so."""
_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "since": _day,
    "until": _day,
    "channel": Channel,
    "language": Language,
    "level": lambda value: Level[value.upper()],
    "kind": Kind,
    "topic": _topic,
    "lacked": Lacked,
    "feedback": Opinion,
    "reviewed": Given,
    "case": Given,
}
