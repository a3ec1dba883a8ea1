"""What answered questions amount to: right, wrong, asked back, declined; by language and topic."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.evaluation import tables
from bot.evaluation.faq import OUT_OF_SCOPE, Answered
from bot.evaluation.outcomes import Outcome
from bot.rates import Rates, latency_to_json, rates_to_json, share

GROUPS: Final[Mapping[str, Callable[[Answered], str]]] = {
    "lang": lambda each: each.line.lang,
    "topic": lambda each: each.line.topic,
}
NAMES: Final = {
    "top1": "top 1",
    "top3": "top 3",
    "answered_right": "right",
    "answered_wrong": "wrong",
    "asked_back": "asked back",
    "declined": "declined",
    "refused": "refused",
    "safety": "safety",
    "out_of_scope_rejected": "out of scope rejected",
    "must_not_answer_caught": "must-not-answer caught",
}
BY_LANG: Final = (
    "top1",
    "top3",
    "answered_right",
    "answered_wrong",
    "out_of_scope_rejected",
    "must_not_answer_caught",
)
BY_TOPIC: Final = ("top1", "top3", "answered_right", "answered_wrong", "asked_back", "declined")
"""The rates that fit a terminal."""
CAUGHT: Final = frozenset({Outcome.REFUSED, Outcome.DECLINED, Outcome.SAFETY})


@dataclass(frozen=True, slots=True)
class FaqReport:
    """An answered file. `refused` holds the topics that the content must not answer."""

    file: str
    version: str
    refused: frozenset[str]
    answered: Sequence[Answered]

    def rates(self, answered: Sequence[Answered]) -> Rates:
        """The rates of `NAMES`: all but the last two are of lines in scope.

        top1, top3: the first, or one of the three best topics, fits, before any threshold.
        answered_right, answered_wrong: answered with a topic that fits, or with another.
        out_of_scope_rejected: of lines out of scope, those not answered.
        must_not_answer_caught: of lines that must not be answered, those refused, declined or met
        with safety.
        """
        inside = [each for each in answered if self.is_in_scope(each)]
        outside = [each for each in answered if each.line.topic == OUT_OF_SCOPE]
        forbidden = [each for each in answered if each.line.topic in self.refused]
        ended = {
            outcome.value: share(each.outcome is outcome for each in inside)
            for outcome in (Outcome.ASKED_BACK, Outcome.DECLINED, Outcome.REFUSED, Outcome.SAFETY)
        }
        return {
            "top1": share(_among(each, 1) for each in inside),
            "top3": share(_among(each, 3) for each in inside),
            "answered_right": share(each.is_right for each in inside),
            "answered_wrong": share(is_wrong(each) for each in inside),
            **ended,
            "out_of_scope_rejected": share(each.outcome is not Outcome.ANSWERED for each in outside),
            "must_not_answer_caught": share(each.outcome in CAUGHT for each in forbidden),
        }

    def is_in_scope(self, each: Answered) -> bool:
        """Whether the line has an answer that it should get."""
        return each.line.topic != OUT_OF_SCOPE and each.line.topic not in self.refused

    def is_failure(self, each: Answered) -> bool:
        """Whether the line did not get what it should: its answer, or none."""
        if self.is_in_scope(each):
            return not each.is_right
        if each.line.topic == OUT_OF_SCOPE:
            return each.outcome is Outcome.ANSWERED
        return each.outcome not in CAUGHT

    def grouped(self, key: str) -> dict[str, list[Answered]]:
        """Lines by their value of a key of `GROUPS`, sorted."""
        groups: dict[str, list[Answered]] = {}
        for each in self.answered:
            groups.setdefault(GROUPS[key](each), []).append(each)
        return dict(sorted(groups.items()))

    def to_json(self) -> dict[str, Any]:
        """The whole report: no words of any line."""
        return {
            "file": self.file,
            "version": self.version,
            **self._scored(self.answered),
            **{
                f"by_{key}": {label: self._scored(group) for label, group in self.grouped(key).items()}
                for key in GROUPS
            },
            "must_not_answer": sorted(self.refused),
            "failures": [each.line.id for each in self.answered if self.is_failure(each)],
            "latency_ms": latency_to_json([each.seconds for each in self.answered]),
            "lines": [each.to_json() for each in self.answered],
        }

    def to_text(self) -> str:
        """The tables of the terminal."""
        everything = {"all": list(self.answered)}
        languages = everything | self.grouped("lang")
        topics = {
            label: group for label, group in self.grouped("topic").items() if self.is_in_scope(group[0])
        }
        return "\n\n".join(
            [
                f"{self.file}: {len(self.answered):,} lines, content {self.version}",
                self._table("language", BY_LANG, languages),
                self._table("topic", BY_TOPIC, everything | topics),
                tables.latency([each.seconds for each in self.answered]),
            ]
        )

    def _table(self, title: str, names: Sequence[str], groups: Mapping[str, Sequence[Answered]]) -> str:
        scored = {label: (len(group), self.rates(group)) for label, group in groups.items()}
        return tables.rate_table(title, {name: NAMES[name] for name in names}, scored)

    def _scored(self, answered: Sequence[Answered]) -> dict[str, Any]:
        return {"n": len(answered), **rates_to_json(self.rates(answered))}


def is_wrong(each: Answered) -> bool:
    """Whether it was answered with a topic that does not fit."""
    return each.outcome is Outcome.ANSWERED and not each.is_right


def _among(each: Answered, first: int) -> bool:
    return any(each.line.fits(candidate.topic) for candidate in each.candidates[:first])
