"""What driven dialogues amount to: turns passed, crises among the failures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.evaluation import tables
from bot.evaluation.dialogues import Dialogue, TurnResult
from bot.evaluation.risk import CRISIS
from bot.rates import Rates, latency_to_json, rates_to_json, share

GROUPS: Final[Mapping[str, Callable[[TurnResult], str]]] = {
    "lang": lambda each: each.dialogue.lang,
    "channel": lambda each: each.dialogue.channel.value,
    "expect_level": lambda each: each.line.expect_level or "any",
}
NAMES: Final = {
    "turns_passed": "turns passed",
    "topic_right": "topic as noted",
    "reply_lang_right": "language as noted",
}


def rates(results: Sequence[TurnResult]) -> Rates:
    """The rates of `NAMES`: the last two are of the turns that note a topic or a language, and not scored."""
    topics = [each for each in results if each.line.topic is not None]
    languages = [each for each in results if each.line.reply_lang is not None]
    return {
        "turns_passed": share(not each.broken for each in results),
        "topic_right": share(each.topic == each.line.topic for each in topics),
        "reply_lang_right": share(each.reply_lang == each.line.reply_lang for each in languages),
    }


@dataclass(frozen=True, slots=True)
class DialoguesReport:
    """A driven file. `results` has every turn but the silent ones."""

    file: str
    version: str
    dialogues: Sequence[Dialogue]
    results: Sequence[TurnResult]

    @property
    def failed(self) -> list[TurnResult]:
        """Turns that did not pass."""
        return [each for each in self.results if each.broken]

    @property
    def crises_failed(self) -> list[TurnResult]:
        """Those of them where a crisis was expected."""
        return [each for each in self.failed if each.line.expect_level == CRISIS]

    @property
    def dialogues_failed(self) -> list[str | int]:
        """Ids of dialogues with a turn that did not pass."""
        return list(dict.fromkeys(each.dialogue.id for each in self.failed))

    def grouped(self, key: str) -> dict[str, list[TurnResult]]:
        """Turns by their value of a key of `GROUPS`, sorted."""
        groups: dict[str, list[TurnResult]] = {}
        for each in self.results:
            groups.setdefault(GROUPS[key](each), []).append(each)
        return dict(sorted(groups.items()))

    def to_json(self) -> dict[str, Any]:
        """The whole report. It holds the replies, and no words of the turns."""
        return {
            "file": self.file,
            "version": self.version,
            "dialogues": len(self.dialogues),
            "dialogues_passed": len(self.dialogues) - len(self.dialogues_failed),
            "turns": len(self.results),
            "turns_passed": len(self.results) - len(self.failed),
            "crisis_turns_failed": len(self.crises_failed),
            "rates": rates_to_json(rates(self.results)),
            **{
                f"by_{key}": {label: _scored(group) for label, group in self.grouped(key).items()}
                for key in GROUPS
            },
            "failures": self.dialogues_failed,
            "latency_ms": latency_to_json([each.asked.seconds for each in self.results]),
            "lines": [each.to_json() for each in self.results],
        }

    def to_text(self) -> str:
        """The tables of the terminal."""
        groups: dict[str, Sequence[TurnResult]] = {"all": self.results}
        for key in GROUPS:
            groups |= {f"{key} {label}": group for label, group in self.grouped(key).items()}
        scored = {label: (len(group), rates(group)) for label, group in groups.items()}
        failed = "\n".join(
            f"{each.dialogue.id} turn {each.number}: {'; '.join(each.broken)}" for each in self.failed
        )
        return "\n\n".join(
            [
                f"{self.file}: {len(self.dialogues):,} dialogues, content {self.version}",
                tables.rate_table("turns", NAMES, scored),
                f"crisis turns failed: {len(self.crises_failed):,}",
                *([failed] if failed else []),
                tables.latency([each.asked.seconds for each in self.results]),
            ]
        )


def _scored(results: Sequence[TurnResult]) -> dict[str, Any]:
    return {"n": len(results), **rates_to_json(rates(results))}
