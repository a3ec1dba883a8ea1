"""What a verdict says of how a message was read, and when two verdicts say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.messages import Kind, Level
from bot.transcripts.tables import Turn, Verdict

NOTHING: Final = ""
"""In place of a topic: none of those that we answer."""


class VerdictError(Exception):
    """A verdict lacks something or cannot be given; the message tells staff what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict with what it needs: the right topic, or the danger that it should have been."""

    verdict: Verdict
    label: str | None = None
    level: Level | None = None
    kind: Kind | None = None

    def checked(self, read: Level) -> Judgement:
        """The judgement without what does not belong to it.

        Args:
            read: The level that the program found.

        Raises:
            VerdictError: Something is missing, or it does not fit the message.
        """
        if self.verdict is Verdict.WRONG_ANSWER:
            if self.label is None:
                raise VerdictError("Choose the topic that it should have been.")
            return Judgement(verdict=self.verdict, label=self.label)
        if self.verdict is Verdict.MISSED:
            if self.level is None or self.level < Level.CRISIS or self.kind is None:
                raise VerdictError("Choose the level and the kind of danger that it should have been.")
            if read >= self.level:
                raise VerdictError("The program found that danger itself.")
            return Judgement(verdict=self.verdict, level=self.level, kind=self.kind)
        if self.verdict is Verdict.FALSE_ALARM and read is Level.NONE:
            raise VerdictError("There was no alarm: the program found no danger.")
        return Judgement(verdict=self.verdict)


def judged_blind(turn: Turn, level: Level, kind: Kind | None, topic: str) -> Judgement:
    """The verdict that follows from what somebody read in the words alone.

    Args:
        turn: With what the program made of it, which they did not see.
        level: The danger that they found.
        kind: Of which kind, from CRISIS on.
        topic: What they took it to be about; `NOTHING` for none of ours.
    """
    read = turn.level or Level.NONE
    if level >= Level.CRISIS and read < level:
        return Judgement(verdict=Verdict.MISSED, level=level, kind=kind).checked(read)
    if level < Level.CRISIS <= read or level < read < Level.CRISIS:
        return Judgement(verdict=Verdict.FALSE_ALARM)
    if level < Level.CRISIS and topic != (turn.topic or NOTHING):
        return Judgement(verdict=Verdict.WRONG_ANSWER, label=topic)
    return Judgement(verdict=Verdict.RIGHT)


def agree(one: Judgement, other: Judgement) -> bool:
    """Whether two verdicts come to the same; how an answer is worded is no part of it."""
    return _same(one) == _same(other)


def in_danger(verdict: Verdict, read: Level) -> bool:
    """Whether somebody who gave this verdict thinks that the writer is, or speaks of, a person in danger."""
    if verdict is Verdict.MISSED:
        return True
    return verdict is not Verdict.FALSE_ALARM and read >= Level.CRISIS


def _same(judgement: Judgement) -> tuple[Verdict, str | None]:
    plain = Verdict.RIGHT if judgement.verdict is Verdict.NEEDS_EDITING else judgement.verdict
    return plain, judgement.label
