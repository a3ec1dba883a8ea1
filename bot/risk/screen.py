"""`screen(text, history) -> Risk`: in every message's way, from memory only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from pathlib import Path

from bot.messages import Level, PastTurn, ReplyKind, Risk
from bot.risk.decide import Evidence, decide, signs_of
from bot.risk.grammar import Grammar
from bot.risk.lexicon import QUESTION, SENTENCE, Reading
from bot.risk.loading import load
from bot.risk.matching import Found, Matcher
from bot.text.clean import clean
from bot.text.normalise import Normalised, normalise

JOIN_WITHIN = timedelta(seconds=60)
JOIN_TURNS = 3
SPLIT_WITHIN = timedelta(seconds=15)
"""Pieces of one long SMS come so close together, in either order, as if each were a text of its own."""
SPLIT_LENGTH = 60
"""Characters of the piece that was cut, at least: the shortest segment is 67. It may end within a word."""
EARLIER_TURNS = 5
"""The person's own last turns whose signs add up with those of the message."""
PIECE = 1_500
OVERLAP = 60
"""Codes that are matched at a time, and how many of them the next piece sees again."""
MAX_WORK = 6_000_000
"""Patterns times codes, after which only what names suicide outright is looked for (text over 100 kB that
is full of our own words). A count, not a clock: the same text always gets the same answer."""


class Screener:
    """The cue files, compiled. One is made at start and shared; screening changes nothing in it."""

    def __init__(self, rules: Grammar) -> None:
        self._grammar = rules
        self._matcher = Matcher(rules)

    @classmethod
    def load(cls, folder: Path) -> Screener:
        """The screener of `data/risk`.

        Raises:
            RiskDataError: A file is missing or wrong; with file, line and remedy for every fault.
        """
        return cls(load(folder))

    @property
    def version(self) -> str:
        """Which cue files these are."""
        return self._grammar.version

    def screen(self, text: str, history: Sequence[PastTurn] = (), *, at: datetime | None = None) -> Risk:
        """What the message says about danger, alone and with the turns before it. Never raises.

        Args:
            text: As received, any length.
            history: The turns before this one, oldest first.
            at: When the message came; without it, texts before it are not read joined with it.
        """
        alone = self._evidence(text)
        evidence = [alone, *self._joined(text, history, at)]
        return decide(
            evidence,
            self._grammar.combinations,
            earlier=self._earlier(history),
            after_check_in=_asked(history),
            version=self.version,
        )

    def lowered(self, text: str) -> tuple[tuple[str, Level, tuple[str, ...], int, int], ...]:
        """The cues that their context took down: rule, level left, contexts, start and end in the text."""
        return tuple(
            (found.rule.name, found.level, found.contexts, start, end)
            for found, start, end in self._evidence(text).found
            if found.level < found.rule.level
        )

    def _earlier(self, history: Sequence[PastTurn]) -> frozenset[str]:
        """The signs of the person's last turns, for those that mean something only together."""
        own = [turn.text[:PIECE] for turn in history if turn.kind is None][-EARLIER_TURNS:]
        return frozenset(sign for text in own for sign in signs_of(self._evidence(text)))

    def _joined(self, text: str, history: Sequence[PastTurn], at: datetime | None) -> Iterator[Evidence]:
        """The person's last texts and this one as one text, for messages sent in pieces."""
        if at is None:
            return
        before = recent_texts(history, at)
        if before and len(text) <= PIECE:
            prefix = " ".join(before) + " "
            yield self._evidence(prefix + text, offset=len(prefix))
            yield from self._unsplit(text, history, at)

    def _unsplit(self, text: str, history: Sequence[PastTurn], at: datetime) -> Iterator[Evidence]:
        """What stands across the cut where a phone has split one long text in two, whichever came first."""
        before = recent_texts(history, at, within=SPLIT_WITHIN)[-1:]
        for other in before:
            if len(other) >= SPLIT_LENGTH:
                yield self._evidence(other + text, offset=len(other))
            if len(text) >= SPLIT_LENGTH:
                for joined in (f"{text} {other}", text + other):
                    found = self._evidence(joined).found
                    across = tuple(
                        (item, start, len(text)) for item, start, end in found if start < len(text) < end
                    )
                    yield Evidence(text, 0, across)

    def _evidence(self, text: str, *, offset: int = 0) -> Evidence:
        normalised = normalise(clean(text))
        reading = self._grammar.lexicon.read(normalised)
        return Evidence(text, offset, tuple(self._find(reading, normalised)))

    def _find(self, reading: Reading, normalised: Normalised) -> Iterator[tuple[Found, int, int]]:
        """Each cue with its span in the text, `end` exclusive, in code points."""
        seen: set[str] = set()
        work = 0
        for start, piece in _pieces(reading.codes):
            if piece in seen:
                continue
            seen.add(piece)
            numbers = self._matcher.candidates(piece)
            work += len(numbers) * len(piece)
            all_found = self._matcher.find(piece, numbers if work < MAX_WORK else self._matcher.core(numbers))
            for found in all_found:
                first, last = reading.spans[start + found.start], reading.spans[start + found.end - 1]
                yield found, *normalised.span(first[0], last[1])
            if len(seen) > 1 and any(found.level == Level.EMERGENCY for found in all_found):
                return


def _asked(history: Sequence[PastTurn]) -> bool:
    """Whether a check-in is among the replies to the person's last text, so that a yes answers it."""
    replies = takewhile(lambda turn: turn.kind is not None, reversed(history))
    return any(turn.kind == ReplyKind.CHECK_IN for turn in replies)


def recent_texts(history: Sequence[PastTurn], at: datetime, *, within: timedelta = JOIN_WITHIN) -> list[str]:
    """The person's own texts that came shortly before, oldest first: together they may be one message."""
    own = [turn.text for turn in history if turn.kind is None and _is_recent(turn.at, at, within)]
    return [clean(text)[-PIECE:] for text in own[1 - JOIN_TURNS :]]


def _is_recent(then: datetime, now: datetime, within: timedelta) -> bool:
    """Whether two texts came close together; times that cannot be compared do not, and screening goes on."""
    if (then.tzinfo is None) != (now.tzinfo is None):
        return False
    return now - then <= within


def _pieces(codes: str) -> Iterator[tuple[int, str]]:
    """The codes in overlapping pieces, cut at the end of a sentence where there is one."""
    start = 0
    while start < len(codes) or start == 0:
        end = min(start + PIECE, len(codes))
        if end < len(codes):
            cut = max(
                codes.rfind(SENTENCE, start + PIECE // 2, end), codes.rfind(QUESTION, start + PIECE // 2, end)
            )
            if cut > 0:
                yield start, codes[start : cut + 1]
                start = cut + 1
                continue
        yield start, codes[start:end]
        if end == len(codes):
            return
        start = end - OVERLAP
