"""The pattern language of the cue files, and its translation to regular expressions over codes.

kill <self>               words and pairs in this order
$want (to|the) die?        a class, a choice, an optional element
took ~ pills               up to three words between; ~5 for up to five
not , i                    a comma that must be there
^ goodbye .                beginning and end of a sentence
!$joy                      not followed by a word of this class
-$joy                      not preceded by a word of this class
$pills & tonight           both in one sentence, in either order
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from bot.risk.lexicon import FEW, NUMERALS, QUESTION, SENTENCE, SOFT, UNKNOWN, Lexicon

ENDS = SENTENCE + QUESTION
_SYMBOL = re.compile(r"\s*(~\d*|[()|^.]|[!-]?[$<]?[^\s()|?]+|\?)")
NEAR = 12
"""Words that may stand between the two sides of `&`."""
SOUNDS_LIKE = {"to": "2", "for": "4"}
"""Words that are texted as a figure; the figure is a number as well."""
COMMON = """
i you he she it we they my me a an the to of in and or not no do am is are be was have has this that want
going go so will would can with for on at from up out all more any but if when get got take
yo me que no de la el en y a se lo mi por un una ya mas esta estoy con le su es
"""
"""Words that tell little about which pattern may match, so another is looked for first."""


class PatternError(ValueError):
    """A pattern that cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One element: its expression, and the codes of which one must be there (None when it may be absent)."""

    expression: str
    needs: frozenset[str] | None = None
    words: tuple[str, ...] = ()


SIGNS = {
    ",": Item(SOFT, frozenset({SOFT})),
    "^": Item(f"(?<![^{ENDS}])"),
    ".": Item(f"(?=[{ENDS}]|$)"),
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; it can match only a text that has a code of `needs`. `words` are all that it
    names, so that a "not" of its own is not taken for a denial.
    """

    source: str
    expression: re.Pattern[str]
    needs: frozenset[str]
    words: frozenset[str]


class Compiler:
    """Turns pattern sources into expressions, given the classes and the lexicon."""

    def __init__(self, lexicon: Lexicon, classes: Mapping[str, Sequence[str]]) -> None:
        self._lexicon = lexicon
        self._classes = classes
        self._items: dict[str, Item] = {}
        self._open: list[str] = []
        self._common = {lexicon.add(word) for word in COMMON.split()}

    def compile(self, source: str, pairs: Mapping[str, str]) -> Pattern:
        """One pattern, with `<name>` read as `pairs[name]`.

        Raises:
            PatternError: The source is malformed, names an unknown class, or could match anything.
        """
        symbols = _SYMBOL.findall(_in_any_order(source))
        item, rest = self._choice(symbols, pairs)
        if rest:
            raise PatternError(f"'{rest[0]}' is not expected in '{source}'")
        if not item.needs:
            raise PatternError(f"'{source}' could match any text; name at least one word")
        return Pattern(source, re.compile(item.expression), item.needs, frozenset(item.expression))

    def _choice(self, symbols: list[str], pairs: Mapping[str, str]) -> tuple[Item, list[str]]:
        options: list[Item] = []
        while True:
            item, symbols = self._sequence(symbols, pairs)
            options.append(item)
            if not symbols or symbols[0] != "|":
                return _alternatives(options), symbols
            symbols = symbols[1:]

    def _sequence(self, symbols: list[str], pairs: Mapping[str, str]) -> tuple[Item, list[str]]:
        items: list[Item] = []
        while symbols and symbols[0] not in "|)":
            symbol, symbols = symbols[0], symbols[1:]
            if symbol in ("!", "-") and symbols[:1] == ["("]:
                item, symbols = self._bracket(symbols[1:], pairs)
                item = _absent(symbol, item)
            elif symbol == "(":
                item, symbols = self._bracket(symbols, pairs)
            else:
                item = self._element(symbol, pairs)
            if symbols and symbols[0] == "?":
                item, symbols = Item(f"(?:{item.expression})?"), symbols[1:]
            items.append(item)
        return self._joined(items), symbols

    def _bracket(self, symbols: list[str], pairs: Mapping[str, str]) -> tuple[Item, list[str]]:
        item, symbols = self._choice(symbols, pairs)
        if not symbols or symbols[0] != ")":
            raise PatternError("a bracket is not closed")
        return item, symbols[1:]

    def _element(self, symbol: str, pairs: Mapping[str, str]) -> Item:
        if symbol in SIGNS:
            return SIGNS[symbol]
        if symbol[0] == "~":
            return Item(f"(?:{SOFT}?[^{ENDS}{SOFT}]){{0,{symbol[1:] or 3}}}?")
        if symbol[0] in "!-" and len(symbol) > 1:
            return _absent(symbol[0], self._element(symbol[1:], pairs))
        if symbol in NUMERALS:
            return self._numeral(symbol)
        if symbol[0] == "<":
            return self._pair(symbol.strip("<>"), pairs)
        if symbol[0] == "$":
            return self.class_item(symbol[1:])
        return self._phrase(symbol)

    def _pair(self, name: str, pairs: Mapping[str, str]) -> Item:
        if name not in pairs:
            raise PatternError(f"there is no pair '<{name}>'")
        return self._sequence(_SYMBOL.findall(pairs[name]), {})[0]

    def class_item(self, name: str) -> Item:
        """The element that a class stands for.

        Raises:
            PatternError: No such class, or it contains itself.
        """
        if name in self._items:
            return self._items[name]
        if name not in self._classes:
            raise PatternError(f"there is no class '${name}'")
        if name in self._open:
            raise PatternError(f"class '${name}' contains itself")
        self._open.append(name)
        try:
            item = _alternatives(
                [self._choice(_SYMBOL.findall(entry), {})[0] for entry in self._classes[name]]
            )
        finally:
            self._open.pop()
        self._items[name] = item
        return item

    def _phrase(self, word: str) -> Item:
        if word.replace("'", "") in self._lexicon.fillers:
            raise PatternError(f"'{word}' is a filler: it is left out of what rules see")
        if word.isdecimal():
            raise PatternError(f"'{word}' is a figure; write {', '.join(NUMERALS)}")
        literal = _literal("".join(self._lexicon.add(part) for part in self._lexicon.expand(word)))
        if word in SOUNDS_LIKE:
            return _alternatives([literal, _literal(self._lexicon.add(SOUNDS_LIKE[word]))])
        return literal

    def _numeral(self, symbol: str) -> Item:
        figures = (symbol, *SOUNDS_LIKE.values()) if symbol == FEW else (symbol,)
        return _alternatives([_literal(self._lexicon.add(figure)) for figure in figures])

    def _joined(self, items: Sequence[Item]) -> Item:
        if len(items) == 1:
            return items[0]
        needed = [item.needs for item in items if item.needs]
        rarest = min(needed, key=self._frequency, default=None)
        expression = f"{SOFT}?".join(item.expression for item in items if item.expression)
        is_plain = all(len(item.words) == 1 for item in items)
        words = ("".join(item.words[0] for item in items),) if is_plain else ()
        return Item(expression, rarest, words)

    def _frequency(self, codes: frozenset[str]) -> tuple[int, int]:
        return len(codes & self._common), len(codes)


def _in_any_order(source: str) -> str:
    """`a & b` as a choice of the orders that its parts can stand in, up to `NEAR` words apart."""
    parts = source.split(" & ")
    if len(parts) == 1:
        return source
    return "|".join(f" ~{NEAR} ".join(f"({part})" for part in order) for order in permutations(parts))


def _absent(sign: str, item: Item) -> Item:
    if sign == "!":
        return Item(f"(?!{SOFT}?(?:{item.expression}))")
    singles = "".join(code for code in item.words if len(code) == 1)
    return Item(f"(?<![{singles}])(?<![{singles}]{SOFT})") if singles else Item("")


def _literal(codes: str) -> Item:
    return Item(codes, frozenset(codes[:1]), (codes,))


def _alternatives(items: Sequence[Item]) -> Item:
    if len(items) == 1:
        return items[0]
    words = tuple(dict.fromkeys(code for item in items for code in item.words))
    singles = "".join(code for code in words if len(code) == 1)
    longer = sorted((code for code in words if len(code) > 1), key=len, reverse=True)
    rest = [item.expression for item in items if not item.words]
    joined = [f"{SOFT}?".join(code) if UNKNOWN not in code else code for code in longer]
    options = [*rest, *joined, *([f"[{singles}]"] if singles else [])]
    expression = options[0] if len(options) == 1 else f"(?:{'|'.join(options)})"
    if any(item.needs is None for item in items):
        return Item(expression, None, words if not rest else ())
    needs = frozenset[str]().union(*(item.needs for item in items if item.needs))
    return Item(expression, needs, words if not rest else ())
