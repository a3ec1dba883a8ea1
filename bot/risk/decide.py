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
WAVERS = "wavers"
ACCEPTS = "accepts"


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
    evidence: Iterable[Evidence],
    combinations: Sequence[Combination],
    *,
    earlier: frozenset[str] = frozenset(),
    after_check_in: bool,
    version: str,
) -> Risk:
    """The risk that the evidence amounts to.

    Args:
        evidence: The message alone first, then with what came before it.
        combinations: Signs that mean more together.
        earlier: Signs that the person gave in earlier turns; they add up with those of the message.
        after_check_in: Whether our last reply asked about safety, so that "yes" is an answer to it.
        version: Of the cue files.
    """
    candidates: list[_Candidate] = []
    is_minor = False
    for one in evidence:
        found = [(item, start, end) for item, start, end in one.found if end > one.offset]
        signs = signs_of(one)
        is_minor = is_minor or MINOR in signs
        candidates.extend(_cues(one, found))
        candidates.extend(_combined(one, combinations, earlier))
        if after_check_in and one.offset == 0:
            candidates.extend(_answered(one, signs))
    return _risk(candidates, is_minor=is_minor, version=version)


def signs_of(evidence: Evidence) -> frozenset[str]:
    """The signs that the cues of a text are, those that their context took away left out."""
    return frozenset(sign for item, _, _ in evidence.found for sign in item.signs)


def _cues(one: Evidence, found: Iterable[tuple[Found, int, int]]) -> Iterator[_Candidate]:
    for item, start, end in found:
        kind = item.rule.kind
        if item.level > Level.NONE and kind is not None:
            cue = Cue(item.rule.name, max(0, start - one.offset), end - one.offset, item.level, kind)
            is_lowered = item.level < item.rule.level
            yield _Candidate(cue, item.experiencer, Severity.UNKNOWN if is_lowered else item.rule.severity)


def _combined(
    one: Evidence, combinations: Sequence[Combination], earlier: frozenset[str]
) -> Iterator[_Candidate]:
    for combination in combinations:
        parts = _parts(one, combination, earlier if combination.across else frozenset())
        start = max(0, min((start for _, start, _ in parts), default=0) - one.offset)
        end = max((end for _, _, end in parts), default=0) - one.offset
        if end <= 0:
            continue
        who = combination.experiencer or _whom(parts)
        cue = Cue(combination.name, start, end, combination.level, combination.kind)
        yield _Candidate(cue, who, combination.severity)


def _whom(parts: Sequence[tuple[Found, int, int]]) -> Experiencer:
    """Whom the parts of a combination are about: the first of them that tells."""
    telling = [item for item, _, _ in parts if item.rule.kind or item.rule.experiencer is None]
    return next((item.experiencer for item in telling if item.experiencer), Experiencer.SELF)


def _parts(one: Evidence, combination: Combination, earlier: frozenset[str]) -> list[tuple[Found, int, int]]:
    """The cues of the text that make the combination up; empty when signs are missing."""
    every = [part for part in one.found if part[0].signs & combination.every]
    if not combination.every <= {sign for part in every for sign in part[0].signs}:
        return []
    parts = _apart(one.found, combination)
    before = len(earlier & combination.any_of - {sign for part in parts for sign in part[0].signs})
    return every + parts if len(parts) + before >= combination.at_least else []


def _apart(found: Sequence[tuple[Found, int, int]], combination: Combination) -> list[tuple[Found, int, int]]:
    """The signs of `any_of` in different words; no phrase, nor (unless `repeated`) sign, counts twice."""
    taken: set[str] = set()
    parts: list[tuple[Found, int, int]] = []
    for part in sorted(found, key=lambda part: (part[2], -part[1])):
        new = (part[0].signs & combination.any_of) - (set() if combination.repeated else taken)
        if new and not any(_overlap(part, other, repeated=combination.repeated) for other in parts):
            taken.add(min(new))
            parts.append(part)
    return parts


def _overlap(one: tuple[Found, int, int], other: tuple[Found, int, int], *, repeated: bool) -> bool:
    """Whether two cues are the same words; two of one sign must not share any, others not all."""
    if repeated:
        return one[1] < other[2] and other[1] < one[2]
    return (one[1] <= other[1] and other[2] <= one[2]) or (other[1] <= one[1] and one[2] <= other[2])


def _answered(one: Evidence, signs: frozenset[str]) -> Iterator[_Candidate]:
    """What the message says as an answer to our own question about safety.

    A yes to an offer ("yes please", "yes, book me") does not say that the person is in danger, nor that not.
    """
    if AFFIRMS in signs and ACCEPTS not in signs:
        cue = Cue("answer.affirms_check_in", 0, len(one.text), Level.CRISIS, Kind.SUICIDE)
        yield _Candidate(cue, Experiencer.SELF, Severity.THOUGHTS)
    elif signs & {WAVERS, ACCEPTS}:
        cue = Cue("answer.wavers_at_check_in", 0, len(one.text), Level.CONCERN, Kind.SUICIDE)
        yield _Candidate(cue, Experiencer.SELF, Severity.UNKNOWN)


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
