"""What a page holds of the widget: its script, the crisis lines as plain HTML, and policies in meta tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

ELEMENT: Final = "harborline-chat"
PLAIN: Final = (ELEMENT, "noscript")
"""Where the lines stand that are there without the script."""
SCHEMES: Final = ("tel:", "sms:")


@dataclass(frozen=True, slots=True)
class Tag:
    """A script element of the page."""

    source: str
    nonce: str
    waits: bool
    """Neither `async` nor `defer`: the page stands still until it has come."""


@dataclass(slots=True)
class Copy:
    """The parts of a page that are ours."""

    scripts: list[Tag] = field(default_factory=list)
    elements: int = 0
    links: dict[str, list[str]] = field(default_factory=lambda: {part: [] for part in PLAIN})
    texts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(PLAIN, ""))
    policies: list[str] = field(default_factory=list)


def read(html: str) -> Copy:
    """Read a page; whatever is wrong with its HTML, what can be understood is."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.copy


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.copy = Copy()
        self._within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in PLAIN:
            self._within.append(tag)
        if tag == ELEMENT:
            self.copy.elements += 1
        if tag == "script" and "src" in given:
            waits = not {"async", "defer"} & given.keys() and given.get("type") != "module"
            self.copy.scripts.append(Tag(given["src"], given.get("nonce", ""), waits))
        if tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            self.copy.policies.append(given.get("content", ""))
        if tag == "a" and self._within and given.get("href", "").startswith(SCHEMES):
            self.copy.links[self._within[-1]].append(given["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            self._within.remove(tag)

    def handle_data(self, data: str) -> None:
        if self._within:
            self.copy.texts[self._within[-1]] += data
