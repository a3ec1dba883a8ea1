"""The example messages of `data/risk/examples/`, which the learned layer learns from.

A file holds one level and kind. Its groups say who is in danger, and hold texts by language and author:
authors are kept apart because a model that is measured on a writer it has read flatters itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.messages import Experiencer, Kind, Level
from bot.risk.located import RiskDataError, Word, read
from bot.text.fault import Fault
from bot.text.overlap import Overlap, overlaps

FOLDER: Final = "examples"
LANGUAGES: Final = ("en", "es", "mix")
"""`mix` is English and Spanish in one sentence."""
SHARED: Final = 0.8
"""Two examples that share this part of their words teach the same thing twice."""
_LEVELS: Final = (Level.NONE, Level.CONCERN, Level.CRISIS)
_KEYS: Final = frozenset({"level", "kind", "note", "groups"})


@dataclass(frozen=True, slots=True)
class Example:
    """A message that one of our writers made up, and what a clinician would say of it."""

    text: str
    language: str
    author: str
    level: Level
    kind: Kind | None
    experiencer: Experiencer
    minor: bool
    file: Path
    line: int

    @property
    def name(self) -> str:
        """An id that stays while the text stays, and holds no word of it: `crisis-overdose.1f0c66a2`."""
        return f"{self.file.stem}.{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"


def load_examples(folder: Path) -> tuple[Example, ...]:
    """Every example of a folder of example files, in the order of files and lines.

    Raises:
        RiskDataError: With every fault found, each with file, line and remedy.
    """
    examples, faults = examine(folder)
    if faults:
        raise RiskDataError(tuple(faults))
    return tuple(examples)


def examine(folder: Path) -> tuple[list[Example], list[Fault]]:
    """The examples that can be read, and everything wrong with the files."""
    examples: list[Example] = []
    faults: list[Fault] = []
    for file in sorted(folder.glob("*.yml")):
        try:
            examples.extend(_Reader(file, faults).examples(read(file)))
        except RiskDataError as error:
            faults.extend(error.faults)
    if not examples and not faults:
        faults.append(Fault(folder, 0, "has no examples (*.yml)", "Restore it from git"))
    faults.extend(_alike(examples))
    return examples, faults


def _alike(examples: Sequence[Example]) -> Iterator[Fault]:
    for found in overlaps([example.text for example in examples], share=SHARED):
        yield _too_alike(examples, found)


def _too_alike(examples: Sequence[Example], found: Overlap) -> Fault:
    first, second = examples[found.first], examples[found.second]
    where = f"{first.file.name}:{first.line}"
    problem = f"shares {found.share:.0%} of its words with the example at {where}"
    return Fault(second.file, second.line, problem, "Take one of the two out, or write it anew")


class _Reader:
    """One file, its faults gathered."""

    def __init__(self, file: Path, faults: list[Fault]) -> None:
        self._file = file
        self._faults = faults

    def examples(self, body: Any) -> Iterator[Example]:
        if not isinstance(body, dict) or not {"level", "groups"} <= body.keys():
            self._fault(0, "lacks 'level' or 'groups'", "Begin as the other files do")
            return
        for key in body.keys() - _KEYS:
            self._fault(key.line, f"unknown key '{key}'", f"Use {', '.join(sorted(_KEYS))}")
        level, kind = self._level(body["level"]), self._kind(body.get("kind"))
        if level is None:
            return
        if (kind is None) != (level is Level.NONE):
            self._fault(body["level"].line, "needs a 'kind', unless its level is none", "Correct it")
            return
        for group in body["groups"]:
            yield from self._group(group, level, kind)

    def _group(self, group: Any, level: Level, kind: Kind | None) -> Iterator[Example]:
        if not isinstance(group, dict):
            self._fault(getattr(group, "line", 0), "is no group", "Write 'who:' and texts by language")
            return
        person = self._person(group.get("who", Word.at("self", 0)))
        minor = group.get("minor") == "true"
        for language, authors in group.items():
            if language in ("who", "minor"):
                continue
            if language not in LANGUAGES or not isinstance(authors, dict):
                remedy = f"Use {', '.join(LANGUAGES)}, and below it texts by author"
                self._fault(language.line, f"'{language}' holds no texts by author", remedy)
                continue
            for author, text in self._texts(authors):
                yield Example(
                    str(text), str(language), author, level, kind, person, minor, self._file, text.line
                )

    def _texts(self, authors: Mapping[Word, Any]) -> Iterator[tuple[str, Word]]:
        for author, texts in authors.items():
            if not isinstance(texts, list):
                self._fault(author.line, f"author '{author}' has no list of texts", "Write one text a line")
                continue
            for text in texts:
                if isinstance(text, Word) and text.strip():
                    yield str(author), text
                else:
                    self._fault(author.line, f"author '{author}' has a text that is none", "Put it in quotes")

    def _level(self, word: Word) -> Level | None:
        for level in _LEVELS:
            if word == level.name.lower():
                return level
        self._fault(word.line, f"'{word}' is no level of examples", "Use none, concern or crisis")
        return None

    def _kind(self, word: Word | None) -> Kind | None:
        if word is None or str(word) in list(Kind):
            return Kind(word) if word is not None else None
        self._fault(word.line, f"'{word}' is no kind", f"Use one of {', '.join(Kind)}")
        return None

    def _person(self, word: Word) -> Experiencer:
        if str(word) not in list(Experiencer):
            self._fault(word.line, f"'{word}' is nobody", "Use self or other")
            return Experiencer.SELF
        return Experiencer(word)

    def _fault(self, line: int, problem: str, remedy: str) -> None:
        self._faults.append(Fault(self._file, line, problem, remedy))
