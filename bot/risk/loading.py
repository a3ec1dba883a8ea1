"""The cue files read, checked and compiled; every fault is gathered before any is told."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.messages import Experiencer, Kind, Level, Severity
from bot.risk.grammar import Combination, Context, CuePattern, Grammar, Rule, Scope, Strength
from bot.risk.lexicon import NUMERALS, Lexicon
from bot.risk.located import RiskDataError, Word, read
from bot.risk.patterns import Compiler, Pattern, PatternError
from bot.text.fault import Fault

_PAIR = re.compile(r"<\w+>")
SECTIONS = frozenset(
    {"fillers", "short_forms", "careful", "classes", "pairs", "rules", "contexts", "combinations"}
)
RULE_KEYS = frozenset(
    {"kind", "level", "severity", "strength", "signs", "experiencer", "keeps", "note", "patterns"}
)
CONTEXT_KEYS = frozenset(
    {"effect", "scope", "reach", "experiencer", "rules", "triggers", "together", "unless", "stops", "note"}
)
COMBINATION_KEYS = frozenset(
    {"all", "any", "at_least", "repeated", "across", "level", "kind", "severity", "experiencer", "note"}
)


_LAST: dict[str, Grammar] = {}
"""The grammar that was compiled last, by its version: most changes of `data/` leave the cues as they are."""


def load(folder: Path) -> Grammar:
    """The grammar of a folder of cue files; the one in memory when the files say the same.

    Raises:
        RiskDataError: With every fault found, each with file, line and remedy.
    """
    files = sorted(folder.glob("*.yml"))
    if not files:
        remedy = "Restore data/risk from git; Harborline does not start without cues"
        raise RiskDataError((Fault(folder, 0, "has no cue files (*.yml)", remedy),))
    version = _version(files)
    if version in _LAST:
        return _LAST[version]
    loader = _Loader(files)
    grammar = loader.load()
    if loader.faults:
        raise RiskDataError(tuple(loader.faults))
    grammar.version = version
    _LAST.clear()
    _LAST[version] = grammar
    return grammar


def _version(files: Sequence[Path]) -> str:
    """Twelve hex digits of what the files hold; "" when one cannot be read, which the loader reports."""
    try:
        digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files))
    except OSError:
        return ""
    return f"rules-{digest.hexdigest()[:12]}"


class _Loader:
    """One reading of the files, gathering faults instead of stopping at the first."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.faults: list[Fault] = []
        self._file = files[0]
        self._parts: list[tuple[Path, dict[Any, Any]]] = []
        for file in files:
            self._file = file
            try:
                found = read(file)
            except RiskDataError as error:
                self.faults.extend(error.faults)
                continue
            if isinstance(found, dict):
                self._parts.append((file, found))
            else:
                self._fault(0, "is not a mapping", f"Begin with one of: {', '.join(sorted(SECTIONS))}")
        self._lexicon = Lexicon()
        self._pairs: dict[str, tuple[str, str]] = {}

    def load(self) -> Grammar:
        self._check_sections()
        careful = self._words()
        grammar = Grammar(self._lexicon)
        compiler = Compiler(self._lexicon, self._classes())
        for name, pair in self._section("pairs"):
            if isinstance(pair, list) and len(pair) == 2:
                self._pairs[name] = (str(pair[0]), str(pair[1]))
            else:
                self._fault(name.line, f"pair '{name}' is not two texts", "Write [self, other]")
        for name, body in self._section("rules"):
            grammar.cues.extend(self._rule(name, body, compiler))
        grammar.subjects = {who: self._subject(who, compiler) for who in Experiencer}
        names = {cue.rule.name for cue in grammar.cues}
        for name, body in self._section("contexts"):
            grammar.contexts.extend(self._context(name, body, compiler, names))
        signs = {sign for cue in grammar.cues for sign in cue.rule.signs}
        for name, body in self._section("combinations"):
            grammar.combinations.extend(self._combination(name, body, signs))
        if not grammar.cues and not self.faults:
            self._fault(0, "there are no rules", "Restore data/risk from git")
        self._lexicon.finish(careful)
        return grammar

    def _files(self) -> Iterator[dict[Any, Any]]:
        """The contents of each file; meanwhile faults are put down to it."""
        for file, part in self._parts:
            self._file = file
            yield part

    def _subject(self, who: Experiencer, compiler: Compiler) -> frozenset[str]:
        """The single words of the class `subject_self` or `subject_other`."""
        try:
            return frozenset(word for word in compiler.class_item(f"subject_{who}").words if len(word) == 1)
        except PatternError as error:
            self._fault(0, str(error), "Restore it from git; it tells whom a cue is about")
            return frozenset()

    def _check_sections(self) -> None:
        for part in self._files():
            for key in part:
                if key not in SECTIONS:
                    self._fault(
                        key.line, f"unknown section '{key}'", f"Use one of: {', '.join(sorted(SECTIONS))}"
                    )

    def _section(self, name: str) -> Iterator[tuple[Word, Any]]:
        """The entries of a section over all files; `self._file` follows."""
        for part in self._files():
            section = part.get(name, {})
            if isinstance(section, dict):
                yield from section.items()
            else:
                self._fault(0, f"'{name}' is not a mapping", "Write one entry a line, 'name: …'")

    def _words(self) -> list[str]:
        """Fillers and short forms into the lexicon; the words to be recognised with a slip."""
        careful: list[str] = []
        for part in self._files():
            self._lexicon.fillers.update(str(word) for word in self._list(part.get("fillers", [])))
            careful.extend(str(word) for word in self._list(part.get("careful", [])))
        for short, full in self._section("short_forms"):
            if not isinstance(full, str):
                self._fault(short.line, f"'{short}' does not stand for words", "Write 'short: its words'")
                continue
            self._lexicon.short_forms[str(short)] = tuple(full.split())
        return careful

    def _classes(self) -> dict[str, list[str]]:
        classes: dict[str, list[str]] = {}
        for name, entries in self._section("classes"):
            words = entries.split(", ") if isinstance(entries, str) else self._list(entries)
            classes.setdefault(str(name), []).extend(str(word) for word in words)
        return classes

    def _list(self, value: Any) -> list[Word]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        if isinstance(value, Word):
            return [Word.at(item, value.line) for item in value.split()]
        self._fault(0, "a list of texts is expected", "Write one text a line, each after '- '")
        return []

    def _rule(self, name: Word, body: Any, compiler: Compiler) -> Iterator[CuePattern]:
        if not self._has_keys(name, body, RULE_KEYS, required={"patterns"}):
            return
        rule = self._described(name, body)
        if rule is None:
            return
        for source in self._list(body["patterns"]):
            yield from self._cue(rule, source, compiler)

    def _cue(self, rule: Rule, source: Word, compiler: Compiler) -> Iterator[CuePattern]:
        sides: list[tuple[Experiencer | None, int]] = [(rule.experiencer, 0)]
        if set(_PAIR.findall(source)).difference(NUMERALS):
            sides = [(Experiencer.SELF, 0), (Experiencer.OTHER, 1)]
        for experiencer, side in sides:
            pairs = {name: texts[side] for name, texts in self._pairs.items()}
            pattern = self._pattern(source, compiler, pairs)
            if pattern:
                yield CuePattern(rule, experiencer, pattern)

    def _pattern(self, source: Word, compiler: Compiler, pairs: Mapping[str, str]) -> Pattern | None:
        try:
            return compiler.compile(str(source), pairs)
        except PatternError as error:
            self._fault(source.line, str(error), "Correct the pattern; docs/risk.md explains the signs")
            return None

    def _described(self, name: Word, body: Mapping[str, Any]) -> Rule | None:
        try:
            kind = Kind(body["kind"]) if "kind" in body else None
            level = Level[body.get("level", "none").upper()]
            severity = Severity[body.get("severity", "unknown").upper()]
            strength = Strength(body.get("strength", "ideation"))
            experiencer = self._experiencer(body.get("experiencer", "self"))
        except (ValueError, KeyError, AttributeError) as error:
            self._fault(name.line, f"rule '{name}': {error} is not known", "docs/risk.md lists the values")
            return None
        signs = frozenset(str(body.get("signs", "")).split())
        keeps = frozenset(str(body.get("keeps", "")).split())
        if (kind is None) != (level == Level.NONE):
            self._fault(name.line, f"rule '{name}' needs kind and level, or neither", "Add the other one")
            return None
        return Rule(str(name), kind, level, severity, strength, signs, experiencer, keeps)

    def _experiencer(self, name: str) -> Experiencer | None:
        return None if name == "either" else Experiencer(name)

    def _context(
        self, name: Word, body: Any, compiler: Compiler, known: Collection[str]
    ) -> Iterator[Context]:
        if not self._has_keys(name, body, CONTEXT_KEYS, required={"scope", "effect", "triggers"}):
            return
        try:
            scope = Scope(body["scope"])
            reach = int(body.get("reach", "6"))
            effect = {Strength(key): Level[value.upper()] for key, value in body["effect"].items()}
            experiencer = Experiencer(body["experiencer"]) if "experiencer" in body else None
        except (ValueError, KeyError, AttributeError) as error:
            self._fault(name.line, f"context '{name}': {error} is not known", "docs/risk.md lists the values")
            return
        keys = ("triggers", "unless", "stops", "together")
        patterns = {key: self._patterns(body.get(key, []), compiler) for key in keys}
        rules = frozenset(str(body.get("rules", "")).split())
        for unknown in sorted(rules - set(known)):
            self._fault(name.line, f"there is no rule '{unknown}'", "Correct it or leave it out")
        yield Context(str(name), scope, effect, reach, experiencer, rules=rules, **patterns)

    def _patterns(self, sources: Any, compiler: Compiler) -> tuple[Pattern, ...]:
        found = (self._pattern(source, compiler, {}) for source in self._list(sources))
        return tuple(pattern for pattern in found if pattern)

    def _combination(self, name: Word, body: Any, signs: set[str]) -> Iterator[Combination]:
        if not self._has_keys(name, body, COMBINATION_KEYS, required={"level", "kind"}):
            return
        every, any_of = (frozenset(str(body.get(key, "")).split()) for key in ("all", "any"))
        if not every | any_of:
            self._fault(name.line, f"combination '{name}' names no signs", "Add 'all:' or 'any:'")
        for unknown in sorted((every | any_of) - signs):
            self._fault(name.line, f"no rule gives the sign '{unknown}'", "Correct it or add it to a rule")
        try:
            level, kind = Level[body["level"].upper()], Kind(body["kind"])
            at_least = int(body.get("at_least", "2" if any_of else "0"))
            severity = Severity[body.get("severity", "unknown").upper()]
            who = Experiencer(body["experiencer"]) if "experiencer" in body else None
        except (ValueError, KeyError, AttributeError) as error:
            self._fault(
                name.line, f"combination '{name}': {error} is not known", "docs/risk.md lists the values"
            )
            return
        repeated, across = (body.get(key) == "true" for key in ("repeated", "across"))
        yield Combination(str(name), every, any_of, at_least, repeated, across, level, kind, severity, who)

    def _has_keys(self, name: Word, body: Any, known: frozenset[str], *, required: set[str]) -> bool:
        if not isinstance(body, dict):
            self._fault(name.line, f"'{name}' is not a mapping", f"Give it: {', '.join(sorted(required))}")
            return False
        for key in body:
            if key not in known:
                self._fault(
                    key.line, f"'{name}' has an unknown key '{key}'", f"Use: {', '.join(sorted(known))}"
                )
        for key in sorted(required - set(body)):
            self._fault(name.line, f"'{name}' lacks '{key}'", f"Add '{key}:'")
        return required <= set(body)

    def _fault(self, line: int, problem: str, remedy: str) -> None:
        self.faults.append(Fault(self._file, line, problem, remedy))
