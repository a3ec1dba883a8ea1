"""From cues to one `Risk`: signs add up, the highest level wins, the deadliest kind names the card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.messages import Cue, Experiencer, Kind, Level, Risk, Severity
from bot.risk.grammar import Combination
from bot.risk.matching import Found

PRIORITY = (
    Kind.OVERDOSE,
    Kind.POISONING,
    Kind.PSYCHOSIS,
    Kind.METHOD_SEEKING,
    Kind.SUICIDE,
    Kind.SELF_HARM,
    Kind.MEDICAL,
    Kind.HARM_TO_OTHERS,
    Kind.ABUSE,
    Kind.EATING_DISORDER,
    Kind.DISTRESS,
)
"""Which kind is answered when several reach the same level: what needs other help than talking comes first
(R5), then what says most about the person."""

MAX_CUES = 40
MINOR = "minor"
AFFIRMS = "affirms"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The cues found in one text, of which the message itself begins at `offset`."""

    text: str
    offset: int
    found: tuple[tuple[Found, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    cue: Cue
    experiencer: Experiencer | None
    severity: Severity


def decide(
    evidence: Iterable[Evidence], combinations: Sequence[Combination], *, after_check_in: bool, version: str
) -> Risk:
    """The risk that the evidence amounts to.

    Args:
        evidence: The message alone first, then with what came before it.
        combinations: Signs that mean more together.
        after_check_in: Whether our last reply asked about safety, so that "yes" is an answer to it.
        version: Of the cue files.
    """
    candidates: list[_Candidate] = []
    is_minor = False
    for one in evidence:
        found = [(item, start, end) for item, start, end in one.found if end > one.offset]
        signs = {sign for item, _, _ in one.found for sign in _signs(item)}
        is_minor = is_minor or MINOR in signs
        candidates.extend(_cues(one, found))
        candidates.extend(_combined(one, combinations, signs))
        if after_check_in and AFFIRMS in signs and one.offset == 0:
            candidates.append(_affirmed(one))
    return _risk(candidates, is_minor=is_minor, version=version)


def _signs(found: Found) -> frozenset[str]:
    return found.rule.signs if found.level == found.rule.level else frozenset()


def _cues(one: Evidence, found: Iterable[tuple[Found, int, int]]) -> Iterator[_Candidate]:
    for item, start, end in found:
        kind = item.rule.kind
        if item.level > Level.NONE and kind is not None:
            cue = Cue(item.rule.name, max(0, start - one.offset), end - one.offset, item.level, kind)
            is_lowered = item.level < item.rule.level
            yield _Candidate(cue, item.experiencer, Severity.UNKNOWN if is_lowered else item.rule.severity)


def _combined(one: Evidence, combinations: Sequence[Combination], signs: set[str]) -> Iterator[_Candidate]:
    for combination in combinations:
        if not combination.every <= signs:
            continue
        parts = [(item, start, end) for item, start, end in one.found if _signs(item) & combination.every]
        start = max(0, min(start for _, start, _ in parts) - one.offset)
        end = max(end for _, _, end in parts) - one.offset
        if end <= 0:
            continue
        is_other = any(item.experiencer == Experiencer.OTHER for item, _, _ in parts if item.rule.kind)
        who = Experiencer.OTHER if is_other else Experiencer.SELF
        cue = Cue(combination.name, start, end, combination.level, combination.kind)
        yield _Candidate(cue, who, combination.severity)


def _affirmed(one: Evidence) -> _Candidate:
    cue = Cue("answer.affirms_check_in", 0, len(one.text), Level.CRISIS, Kind.SUICIDE)
    return _Candidate(cue, Experiencer.SELF, Severity.THOUGHTS)


def _risk(candidates: Sequence[_Candidate], *, is_minor: bool, version: str) -> Risk:
    if not candidates:
        return Risk(version=version)
    level = max(candidate.cue.level for candidate in candidates)
    top = [candidate for candidate in candidates if candidate.cue.level == level]
    kind = min((candidate.cue.kind for candidate in top), key=PRIORITY.index)
    of_kind = [candidate for candidate in top if candidate.cue.kind == kind]
    people = {candidate.experiencer for candidate in of_kind}
    is_other = Experiencer.OTHER in people and Experiencer.SELF not in people
    cues = sorted(
        {candidate.cue for candidate in candidates},
        key=lambda cue: (-cue.level, cue.start, cue.end, cue.rule),
    )
    return Risk(
        level=level,
        kind=kind,
        experiencer=Experiencer.OTHER if is_other else Experiencer.SELF,
        minor=is_minor,
        severity=max(candidate.severity for candidate in candidates),
        cues=tuple(cues[:MAX_CUES]),
        version=version,
    )
