"""The questions that must not be answered: rules of `data/must_not_answer.yml` that overrule the classifier.

They are written in the pattern language of the risk cues, which is compiled to expressions that cannot
backtrack for long. A classifier is right most of the time; these are for what must never slip through.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.messages import MAX_TEXT
from bot.risk.lexicon import Lexicon
from bot.risk.located import Word, read
from bot.risk.patterns import Compiler, Pattern, PatternError
from bot.text import DataError, Fault, clean, normalise

FILE: Final = "must_not_answer.yml"
SECTIONS: Final = ("fillers", "careful", "short_forms", "classes", "rules")
KEYS: Final = ("topic", "note", "patterns", "unless")


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason to refuse: any of `patterns`, unless one of `unless` is there as well."""

    name: str
    line: int
    topic: str
    patterns: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]

    def holds(self, codes: str) -> bool:
        """Whether the rule holds for a text as codes."""
        return _any(self.patterns, codes) and not _any(self.unless, codes)


class MustNotAnswer:
    """The rules, compiled; looking at a text changes nothing in them."""

    def __init__(self, lexicon: Lexicon, rules: Sequence[Rule]) -> None:
        self._lexicon = lexicon
        self.rules = tuple(rules)

    @classmethod
    def load(cls, data: Path) -> MustNotAnswer:
        """The rules of a data folder.

        Raises:
            DataError: The file is missing or wrong; with file, line and remedy for every fault.
        """
        loader = _Loader(data / FILE)
        rules = loader.load()
        if loader.faults:
            raise DataError(tuple(loader.faults))
        return cls(loader.lexicon, rules)

    def rule(self, text: str) -> Rule | None:
        """The first rule, in the order of the file, that a message falls under; None for most."""
        codes = self._lexicon.read(normalise(clean(text[:MAX_TEXT]))).codes
        return next((rule for rule in self.rules if rule.holds(codes)), None)


def _any(patterns: Sequence[Pattern], codes: str) -> bool:
    present = set(codes)
    return any(not each.needs.isdisjoint(present) and each.expression.search(codes) for each in patterns)


class _Loader:
    """One reading of the file, gathering faults instead of stopping at the first."""

    def __init__(self, file: Path) -> None:
        self.faults: list[Fault] = []
        self.lexicon = Lexicon()
        self._file = file

    def load(self) -> list[Rule]:
        try:
            found = read(self._file)
        except DataError as error:
            self.faults.extend(error.faults)
            return []
        if not isinstance(found, dict) or not found.get("rules"):
            self._fault(0, "holds no rules", "Restore the file from the repository")
            return []
        self._only(found, SECTIONS)
        self.lexicon.fillers.update(_texts(found.get("fillers", ())))
        for short, full in self._mapping(found, "short_forms"):
            self.lexicon.short_forms[str(short)] = tuple(str(full).split())
        classes = {str(name): _texts(entries) for name, entries in self._mapping(found, "classes")}
        compiler = Compiler(self.lexicon, classes)
        rules = [
            rule for name, body in self._mapping(found, "rules") for rule in self._rule(name, body, compiler)
        ]
        self.lexicon.finish(_texts(found.get("careful", ())))
        return rules

    def _mapping(self, found: Mapping[Word, Any], section: str) -> Iterator[tuple[Word, Any]]:
        entries = found.get(Word(section), {})
        if isinstance(entries, dict):
            yield from entries.items()
        else:
            self._fault(0, f"'{section}' is not a mapping", "Write one entry a line, 'name: …'")

    def _rule(self, name: Word, body: Any, compiler: Compiler) -> Iterator[Rule]:
        if not isinstance(body, dict) or not {"topic", "patterns"} <= set(body):
            self._fault(name.line, f"rule '{name}' lacks topic or patterns", "Give it both")
            return
        self._only(body, KEYS)
        patterns, unless = (
            self._patterns(name, body.get(key, []), compiler) for key in ("patterns", "unless")
        )
        yield Rule(str(name), name.line, str(body["topic"]), tuple(patterns), tuple(unless))

    def _patterns(self, name: Word, sources: Any, compiler: Compiler) -> Iterator[Pattern]:
        if not isinstance(sources, list) or not all(isinstance(source, Word) for source in sources):
            self._fault(name.line, f"rule '{name}' has patterns that are no list", "Write each after '- '")
            return
        for source in sources:
            try:
                yield compiler.compile(str(source), {})
            except PatternError as error:
                self._fault(source.line, str(error), "Correct the pattern; docs/risk.md explains the signs")

    def _only(self, body: Mapping[Word, Any], known: Collection[str]) -> None:
        for key in body:
            if key not in known:
                self._fault(key.line, f"'{key}' is not known here", f"Use one of: {', '.join(known)}")

    def _fault(self, line: int, problem: str, remedy: str) -> None:
        self.faults.append(Fault(self._file, line, problem, remedy))


def _texts(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
