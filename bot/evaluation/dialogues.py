"""Evaluating whole dialogues: driven through the real program with a clock that is moved between turns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from bot.evaluation.asking import Asked, Rehearsal
from bot.evaluation.lines import Fields, Identity
from bot.evaluation.lines import read as read_lines
from bot.evaluation.outcomes import is_aside
from bot.evaluation.risk import CONCERN, CRISIS, LEVELS
from bot.messages import Channel, Level, Reply

PAUSE: Final = 30.0
"""Seconds between two turns unless a turn says otherwise."""
START: Final = datetime(2026, 3, 2, 15, tzinfo=UTC)
"""Every run begins at the same time, so that it ends the same."""
_KNOWN: Final = frozenset(
    {"user", "expect_level", "also_ok", "must", "must_not", "topic", "reply_lang", "wait_before_s"}
    | {"should", "must_plain", "must_not_plain", "title", "note"}
)


class MovedClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        """The time it shows."""
        return self._now

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class TurnLine:
    """What a person writes and what must come of it; nothing is expected of silence."""

    user: str
    expect_level: str | None
    also_ok: tuple[str, ...] = ()
    must: tuple[re.Pattern[str], ...] = ()
    must_not: tuple[re.Pattern[str], ...] = ()
    topic: str | None = None
    reply_lang: str | None = None
    wait_before_s: float = PAUSE
    others: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One conversation, turn by turn."""

    id: Identity
    channel: Channel
    lang: str
    turns: tuple[TurnLine, ...]


@dataclass(frozen=True, slots=True)
class TurnResult:
    """A turn that was driven. `number` counts from 0 over all turns, silent ones too."""

    dialogue: Dialogue
    number: int
    asked: Asked

    @property
    def line(self) -> TurnLine:
        """What was expected."""
        return self.dialogue.turns[self.number]

    @property
    def reply(self) -> str:
        """The text that patterns are matched against: everything said but a disclosure that was due."""
        return "\n".join(reply.text for reply in _said(self.asked))

    @property
    def broken(self) -> list[str]:
        """What the turn was to meet and did not; empty when it passed."""
        return list(_broken(self.line, self.asked, self.reply))

    @property
    def topic(self) -> str | None:
        """What the engine took it for."""
        return self.asked.understood.topic

    @property
    def reply_lang(self) -> str:
        """The language of the replies; two are joined by a plus sign."""
        return "+".join(sorted({reply.language.value for reply in _said(self.asked)}))

    def to_json(self) -> dict[str, Any]:
        """The turn's part of the report, with whatever else the file said of it."""
        broken = self.broken
        return {
            **self.line.others,
            "id": self.dialogue.id,
            "turn": self.number,
            "passed": not broken,
            "rule": "; ".join(broken) or None,
            "reply": self.reply,
            "level": self.asked.level.name,
            "state": self.asked.state.name,
            "topic": self.topic,
            "reply_lang": self.reply_lang,
        }


def read(file: Path) -> list[Dialogue]:
    """The dialogues of a file.

    Raises:
        DataError: With file, line and remedy of the first fault.
    """
    return [_dialogue(fields) for fields in read_lines(file)]


async def drive(dialogues: Sequence[Dialogue], rehearsal: Rehearsal, clock: MovedClock) -> list[TurnResult]:
    """Drive every dialogue, one after the other; the results of all turns but silent ones."""
    return [
        result
        for number, dialogue in enumerate(dialogues)
        for result in await _drive(dialogue, number, rehearsal, clock)
    ]


def is_level_right(expected: str, level: Level, state: Level) -> bool:
    """Whether a level is the expected one.

    Args:
        expected: `crisis`, `concern` or `none`; any other is never right.
        level: What was found in the message.
        state: What the conversation was in after it.
    """
    if expected == CRISIS:
        return max(level, state) >= Level.CRISIS
    if expected == CONCERN:
        return max(level, state) >= Level.CONCERN
    return expected in LEVELS and level < Level.CRISIS


async def _drive(
    dialogue: Dialogue, number: int, rehearsal: Rehearsal, clock: MovedClock
) -> list[TurnResult]:
    conversation = uuid4()
    results = []
    for at, turn in enumerate(dialogue.turns):
        clock.move(turn.wait_before_s)
        if turn.user:
            asked = await _say(turn.user, dialogue, conversation, number, rehearsal)
            results.append(TurnResult(dialogue, at, asked))
    return results


async def _say(text: str, dialogue: Dialogue, conversation: UUID, number: int, rehearsal: Rehearsal) -> Asked:
    # 555 is no area code: nobody has these numbers, and each dialogue has one of its own.
    sender = f"+1555{number:07}" if dialogue.channel is Channel.SMS else None
    return await rehearsal.ask(
        text, conversation=conversation, channel=dialogue.channel, lang=dialogue.lang, sender=sender
    )


def _said(asked: Asked) -> list[Reply]:
    return [reply for reply in asked.replies if not is_aside(reply)]


def _broken(line: TurnLine, asked: Asked, reply: str) -> Iterable[str]:
    allowed = (line.expect_level, *line.also_ok) if line.expect_level else ()
    if allowed and not any(is_level_right(level, asked.level, asked.state) for level in allowed):
        yield f"expect_level: {line.expect_level}"
    yield from (f"must: {each.pattern}" for each in line.must if not each.search(reply))
    yield from (f"must_not: {each.pattern}" for each in line.must_not if each.search(reply))


def _dialogue(fields: Fields) -> Dialogue:
    return Dialogue(
        id=fields.identity(),
        channel=Channel(fields.choice("channel", tuple(Channel))),
        lang=fields.language(),
        turns=tuple(_turn(each) for each in fields.objects("turns")),
    )


def _turn(fields: Fields) -> TurnLine:
    user = fields.text("user")
    return TurnLine(
        user=user,
        expect_level=fields.choice("expect_level", LEVELS) if user and "expect_level" in fields else None,
        also_ok=fields.texts("also_ok"),
        must=fields.patterns("must"),
        must_not=fields.patterns("must_not"),
        topic=fields.optional("topic"),
        reply_lang=fields.optional("reply_lang"),
        wait_before_s=fields.seconds("wait_before_s", PAUSE),
        others=fields.others(_KNOWN),
    )
