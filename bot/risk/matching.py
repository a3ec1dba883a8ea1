"""Finding cues in a reading, and the contexts that change what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.messages import Experiencer, Level
from bot.risk.grammar import Context, CuePattern, Grammar, Rule, Scope, Strength
from bot.risk.lexicon import QUESTION, SENTENCE, SOFT
from bot.risk.patterns import Pattern

REACH_BACK = 25
"""How many words back the person is looked for that a cue is about."""
CORE = "suicide_named"
MAX_MATCHES = 20
"""Matches of one pattern in one piece of text; more of the same say no more."""


@dataclass(frozen=True, slots=True)
class Found:
    """A cue in a reading: codes `start` to `end`, and its level after its contexts."""

    rule: Rule
    start: int
    end: int
    level: Level
    experiencer: Experiencer | None
    words: frozenset[str]
    contexts: tuple[str, ...] = ()
    cancelled: bool = False

    @property
    def signs(self) -> frozenset[str]:
        """What it is a sign of, unless its context took that away."""
        return frozenset() if self.cancelled or self.level < self.rule.level else self.rule.signs


@dataclass(frozen=True, slots=True)
class _Trigger:
    context: Context
    start: int
    end: int


class Matcher:
    """All patterns of a grammar, indexed by the words that they cannot do without."""

    def __init__(self, grammar: Grammar) -> None:
        self._cues = grammar.cues
        self._contexts = grammar.contexts
        self._subjects = {code: who for who, codes in grammar.subjects.items() for code in codes}
        self._by_code: dict[str, list[int]] = {}
        for number, cue in enumerate(self._cues):
            for code in cue.pattern.needs:
                self._by_code.setdefault(code, []).append(number)

    def candidates(self, codes: str) -> list[int]:
        """The numbers of the patterns that could match these codes."""
        return sorted({number for code in set(codes) for number in self._by_code.get(code, ())})

    def core(self, numbers: Sequence[int]) -> list[int]:
        """Those of the patterns that name suicide outright."""
        return [number for number in numbers if CORE in self._cues[number].rule.signs]

    def find(self, codes: str, numbers: Sequence[int]) -> list[Found]:
        """The cues in the codes with their contexts applied, in the order of their rules."""
        cues = [found for number in numbers for found in self._matches(self._cues[number], codes)]
        if not cues:
            return []
        triggers = list(self._triggers(codes))
        return [_in_context(cue, triggers, codes) for cue in cues]

    def _matches(self, cue: CuePattern, codes: str) -> Iterator[Found]:
        for count, match in enumerate(cue.pattern.expression.finditer(codes)):
            if count == MAX_MATCHES:
                return
            if match.end() > match.start():
                who = cue.experiencer or self._experiencer(codes, *match.span())
                yield Found(cue.rule, match.start(), match.end(), cue.rule.level, who, cue.pattern.words)

    def _experiencer(self, codes: str, start: int, end: int) -> Experiencer | None:
        """Whom a cue is about: the writer if named in it, else the last person before it, or the first."""
        if any(self._subjects.get(code) == Experiencer.SELF for code in codes[start:end]):
            return Experiencer.SELF
        for place in (*range(start, max(start - REACH_BACK, -1), -1), *range(start, end)):
            if place < len(codes) and codes[place] in self._subjects:
                return self._subjects[codes[place]]
        return None

    def _triggers(self, codes: str) -> Iterator[_Trigger]:
        present = set(codes)
        for context in self._contexts:
            hits = list(_spans(context.triggers, codes, present))
            if not hits or (context.together and not any(_spans(context.together, codes, present))):
                continue
            spared = list(_spans(context.unless, codes, present))
            for start, end in hits:
                if not any(_touches(context.scope, (start, end), span, codes) for span in spared):
                    yield _Trigger(context, start, end)


def _spans(patterns: Iterable[Pattern], codes: str, present: set[str]) -> Iterator[tuple[int, int]]:
    for pattern in patterns:
        if not pattern.needs.isdisjoint(present):
            yield from (match.span() for match in pattern.expression.finditer(codes))


def _touches(scope: Scope, trigger: tuple[int, int], spare: tuple[int, int], codes: str) -> bool:
    """Whether words that spare a trigger stand where they do: in it, or in the scope that it speaks for."""
    if scope == Scope.MESSAGE:
        return True
    if scope == Scope.SENTENCE:
        between = codes[min(trigger[1], spare[1]) : max(trigger[0], spare[0])]
        return SENTENCE not in between and QUESTION not in between
    return trigger[0] < spare[1] and spare[0] < trigger[1]


def _in_context(cue: Found, triggers: Sequence[_Trigger], codes: str) -> Found:
    for trigger in triggers:
        context = trigger.context
        if not _touches_rule(context, cue.rule) or not _reaches(trigger, cue, codes):
            continue
        left = context.effect.get(cue.rule.strength, Level.EMERGENCY)
        cue = replace(
            cue,
            level=min(cue.level, left),
            cancelled=cue.cancelled or (left == Level.NONE and cue.rule.strength == Strength.HINT),
            experiencer=context.experiencer or cue.experiencer,
            contexts=(*cue.contexts, context.name),
        )
    return cue


def _touches_rule(context: Context, rule: Rule) -> bool:
    return context.name not in rule.keeps and (not context.rules or rule.name in context.rules)


def _reaches(trigger: _Trigger, cue: Found, codes: str) -> bool:
    scope = trigger.context.scope
    if scope == Scope.MESSAGE:
        return True
    if scope == Scope.OVERLAP:
        return trigger.start < cue.end and cue.start < trigger.end
    start, end = min(trigger.end, cue.end), max(trigger.start, cue.start)
    between = codes[min(start, end) : max(start, end)]
    if SENTENCE in between or QUESTION in between:
        return False
    if scope == Scope.SENTENCE:
        return True
    is_own = trigger.start >= cue.start and cue.words.issuperset(codes[trigger.start : trigger.end])
    is_before = trigger.start < cue.end and not is_own
    if scope == Scope.BACKWARD:
        is_before = trigger.start >= cue.end
    return is_before and _within(trigger, cue, codes)


def _within(trigger: _Trigger, cue: Found, codes: str) -> bool:
    """Whether the cue begins (or, looking back, ends) near the trigger and nothing between stops it."""
    if trigger.context.scope == Scope.FORWARD:
        gap = codes[trigger.end : max(trigger.end, cue.start)]
    else:
        gap = codes[cue.end : trigger.start]
    if len(gap) - gap.count(SOFT) > trigger.context.reach:
        return False
    gap += codes[cue.start] if trigger.context.scope == Scope.FORWARD else ""
    return not any(stop.expression.search(gap) for stop in trigger.context.stops)
