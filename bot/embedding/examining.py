"""What is wrong with a clinic's page: numbers that are not ours, no tag, a policy that is in the way."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from bot.content import Content
from bot.content.lines import lines
from bot.embedding.copy import ELEMENT, PLAIN, Copy, read
from bot.embedding.policy import admits
from bot.messages import Language

SCRIPT: Final = "/widget.js"
EMBED: Final = "'harborline embed' prints the snippet as it should be."


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page as it came: its address after redirects, its HTML, its policies from headers."""

    address: str
    html: str
    policies: Sequence[str] = ()


def examine(page: Fetched, content: Content, *, host: str, origins: Collection[str]) -> list[str]:
    """Every fault of a page, one sentence with its remedy each; nothing if it is as it should be.

    Args:
        page: What was fetched.
        content: Where the numbers come from.
        host: Where the widget is served, for example `https://chat.clinic.example`.
        origins: Sites that may use the API.
    """
    copy = read(page.html)
    return [
        *_tags(copy, page, host),
        *_numbers(copy, content),
        *_policies(copy, page, host),
        *_origin(page, host, origins),
    ]


def _tags(copy: Copy, page: Fetched, host: str) -> Iterator[str]:
    ours = [tag for tag in copy.scripts if urljoin(page.address, tag.source) == host + SCRIPT]
    others = [
        tag.source for tag in copy.scripts if tag not in ours and tag.source.split("?")[0].endswith(SCRIPT)
    ]
    if not ours:
        elsewhere = f" It has {others[0]} instead." if others else ""
        yield f'The page has no <script src="{host}{SCRIPT}" async>.{elsewhere} {EMBED}'
    if any(tag.waits for tag in ours):
        yield "The script's tag has no async, so the page stands still until it has come. Add async."
    if page.address.startswith("https:") and host.startswith("http:"):
        yield f"An https page cannot load {host}. Serve the chat by https, and set HARBORLINE_PUBLIC_URL."
    if copy.elements != 1:
        yield f"The page has {copy.elements or 'no'} <{ELEMENT}>; one is right. {EMBED}"


def _numbers(copy: Copy, content: Content) -> Iterator[str]:
    known = {
        link.href for number in content.clinic.numbers.values() for of in number.links.values() for link in of
    }
    for part in PLAIN:
        links = set(copy.links[part])
        expected = [{line.href for line in lines(content, language)} for language in Language]
        missing = min((hrefs - links for hrefs in expected), key=len)
        if missing:
            yield f"<{part}> lacks {', '.join(sorted(missing))}. {EMBED}"
        for stale in sorted(links - known):
            yield f"<{part}> has {stale}, which is no number of data/clinic.yml. {EMBED}"
        for line in lines(content, Language.EN):
            if line.href in links and line.number and _digits(line.number) not in _digits(copy.texts[part]):
                yield f"<{part}> links {line.href} and does not show {line.number}. {EMBED}"


def _policies(copy: Copy, page: Fetched, host: str) -> Iterator[str]:
    address, socket = host + SCRIPT, re.sub("^http", "ws", host) + "/api/socket"
    nonce = next((tag.nonce for tag in copy.scripts if urljoin(page.address, tag.source) == address), "")
    for policy in (*page.policies, *copy.policies):
        if not admits(policy, ("script-src-elem", "script-src"), address, page=page.address, nonce=nonce):
            yield f"The page's Content-Security-Policy keeps the script out. Add {host} to script-src."
        for called in (host + "/api/messages", socket):
            if not admits(policy, ("connect-src",), called, page=page.address):
                site = "{0.scheme}://{0.netloc}".format(urlsplit(called))
                yield f"The page's Content-Security-Policy keeps the chat from {site}. Add it to connect-src."


def _origin(page: Fetched, host: str, origins: Collection[str]) -> Iterator[str]:
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.address)).lower()
    if origin not in {host.lower(), *(each.lower() for each in origins)}:
        yield f"{origin} may not use the chat. Add it to HARBORLINE_ALLOWED_ORIGINS and restart."


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())
