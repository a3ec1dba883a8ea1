"""Which pages may talk to the API from a browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from aiohttp import web


class Origins:
    """The pages that may call the API: our own, and those that the operator lists.

    Args:
        public_url: Where people reach this server, for example `https://chat.clinic.example`; may be empty.
        allowed: Origins of other sites, for example `https://clinic.example`.
    """

    def __init__(self, *, public_url: str = "", allowed: Iterable[str] = ()) -> None:
        self._allowed = frozenset(origin.lower() for origin in (public_url, *allowed) if origin)

    def allow(self, request: web.BaseRequest) -> bool:
        """Whether the request may be served: no browser sent it, or it comes from an allowed page."""
        origin = request.headers.get("Origin")
        return origin is None or self._is_allowed(origin.lower(), request.host.lower())

    def cors_headers(self, request: web.BaseRequest) -> Mapping[str, str]:
        """What lets the calling page read the response; nothing for a page that is not allowed."""
        origin = request.headers.get("Origin")
        if origin is None or not self.allow(request):
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": "Authorization, Content-Type",
            "Access-Control-Max-Age": "7200",
        }

    def _is_allowed(self, origin: str, host: str) -> bool:
        # Behind a proxy that ends TLS the scheme that we see is not the page's, so the host decides.
        # The API takes no cookies: a page that forges its host gains nothing but its own chat.
        return origin in self._allowed or _host(origin) == host


def _host(origin: str) -> str | None:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return None
    return parts.netloc if parts.scheme in ("http", "https") else None
