"""The language that a request prefers."""

from __future__ import annotations

from aiohttp import web

from bot.messages import Language


def preferred(request: web.BaseRequest) -> Language:
    """The better liked of our languages in `Accept-Language`; English when it names neither."""
    ranked = sorted(request.headers.get("Accept-Language", "").split(","), key=_quality, reverse=True)
    codes = (part.split(";")[0].strip().lower()[:2] for part in ranked if _quality(part) > 0)
    return next((Language(code) for code in codes if code in set(Language)), Language.EN)


def _quality(part: str) -> float:
    """The weight of one language range, from 0 to 1."""
    _, _, weight = part.partition("q=")
    try:
        return float(weight or 1)
    except ValueError:
        return 0
