"""Whether a Content-Security-Policy admits an address, after Content Security Policy Level 3 (W3C)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
SAFER: Final = {"http": "https", "ws": "wss"}
"""A source's scheme also means its safer one. Browsers differ on whether one for a web address means its
sockets too, so that is not counted on, but for 'self'."""
SOCKETS: Final = {"ws": "http", "wss": "https"}
_HOST: Final = re.compile(
    r"^(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?(?P<host>[^:/]+)(?::(?P<port>\d+|\*))?(?P<path>/.*)?$", re.I
)


def directives(policy: str) -> dict[str, list[str]]:
    """Sources by directive; of a directive that stands there twice, the first counts."""
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.split() or [""]
        if name:
            found.setdefault(name.lower(), sources)
    return found


def admits(policy: str, kinds: Iterable[str], address: str, *, page: str, nonce: str = "") -> bool:
    """Whether a policy lets a page load or call an address.

    Args:
        policy: One policy, as in the header.
        kinds: Directives that rule, the most specific first; `default-src` stands in for them.
        address: What is loaded or called.
        page: The page's own address, for 'self'.
        nonce: The script element's, if it has one.
    """
    found = directives(policy)
    sources = next((found[kind] for kind in (*kinds, "default-src") if kind in found), None)
    if sources is None:
        return True
    if nonce and f"'nonce-{nonce}'" in sources:
        return True
    if "'strict-dynamic'" in sources:
        return False
    return any(_matches(source, address, page) for source in sources)


def _matches(source: str, address: str, page: str) -> bool:
    ours = urlsplit(address)
    if source == "*":
        return ours.scheme in PORTS
    if source == "'self'":
        here = urlsplit(page)
        scheme = SOCKETS.get(ours.scheme, ours.scheme)
        return _same(here.scheme, scheme) and ours.netloc == here.netloc
    if source.endswith(":"):
        return _same(source[:-1].lower(), ours.scheme)
    return not source.startswith("'") and _host_matches(source, address, page)


def _host_matches(source: str, address: str, page: str) -> bool:
    match, ours = _HOST.match(source), urlsplit(address)
    if match is None or not _same((match["scheme"] or urlsplit(page).scheme).lower(), ours.scheme):
        return False
    host, theirs = (match["host"] or "").lower(), (ours.hostname or "").lower()
    if host.startswith("*.") and not theirs.endswith(host[1:]):
        return False
    if not host.startswith("*") and host != theirs:
        return False
    port = ours.port or PORTS.get(ours.scheme)
    if match["port"] not in ("*", None) and int(match["port"]) != port:
        return False
    if match["port"] is None and port not in (80, 443):
        return False
    path = match["path"] or "/"
    return path == "/" or (ours.path.startswith(path) if path.endswith("/") else ours.path == path)


def _same(scheme: str, ours: str) -> bool:
    return ours in (scheme, SAFER.get(scheme))
