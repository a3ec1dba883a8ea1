"""Errors of the chat API: whatever went wrong, the body holds the clinic's line, 988 and 911."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from traceback import extract_tb
from typing import Any, Final

from aiohttp import web

from bot.cards import Cards
from bot.channels.bodies import MalformedError, TooLargeError
from bot.channels.languages import preferred
from bot.channels.showing import link_json
from bot.content import Content
from bot.messages import Language, Link

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HELP_NUMBERS: Final = ("clinic_phone", "lifeline", "emergency")
"""The numbers of `clinic.yml` that go with every error, in this order."""

MESSAGES: Final[Mapping[str, Mapping[Language, str]]] = {
    "bad_request": {
        Language.EN: "This message could not be read.",
        Language.ES: "No se pudo leer este mensaje.",
    },
    "unauthorized": {
        Language.EN: "This chat is over. Please start a new one.",
        Language.ES: "Este chat terminó. Por favor, inicie uno nuevo.",
    },
    "forbidden": {
        Language.EN: "The chat cannot be used from this page.",
        Language.ES: "El chat no se puede usar desde esta página.",
    },
    "not_found": {
        Language.EN: "There is nothing at this address.",
        Language.ES: "No hay nada en esta dirección.",
    },
    "method_not_allowed": {
        Language.EN: "This address cannot be used in this way.",
        Language.ES: "Esta dirección no se puede usar de esta manera.",
    },
    "too_large": {
        Language.EN: "This message is too long to be read. Please send a shorter one.",
        Language.ES: "Este mensaje es demasiado largo para leerlo. Por favor, envíe uno más corto.",
    },
    "bad_number": {
        Language.EN: "This phone number could not be read. Please check it, and begin with the area code.",
        Language.ES: "No se pudo leer este número de teléfono. Revíselo y empiece por el código de área.",
    },
    "unavailable": {
        Language.EN: "This cannot be done right now. Please try again in a few minutes.",
        Language.ES: "Esto no se puede hacer ahora. Por favor, inténtelo de nuevo en unos minutos.",
    },
    "internal": {
        Language.EN: "Something went wrong on our side.",
        Language.ES: "Algo falló de nuestro lado.",
    },
}
"""By error code."""

_CODES: Final = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    422: "bad_number",
    503: "unavailable",
}


class ApiError(Exception):
    """A request that cannot be served; becomes an error body with the numbers.

    Args:
        status: The HTTP status, 400 to 499, or 503 for what cannot be done now.
        headers: Headers of the response.
    """

    def __init__(self, status: int, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(str(status))
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """Makes error bodies from the content and the cards now in force."""

    content: Callable[[], Content]
    cards: Callable[[], Cards]

    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The handler's response, or an error body for whatever it raised; errors are logged by type."""
        try:
            return await handler(request)
        except ApiError as error:
            return self._response(request, error.status, error.headers)
        except MalformedError:
            return self._response(request, 400, {})
        except TooLargeError:
            return self._response(request, 413, {})
        except web.HTTPException as error:
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return self._response(request, error.status, headers)
        except Exception as error:  # Nobody may be left without the numbers.
            place = extract_tb(error.__traceback__)[-1]
            # The error's own text may hold a sender's words.
            log.error("request failed: %s at %s:%s", type(error).__name__, place.filename, place.lineno)
            return self._response(request, 500, {})

    def _response(self, request: web.Request, status: int, headers: Mapping[str, str]) -> web.Response:
        return web.json_response(self.body(status, preferred(request)), status=status, headers=headers)

    def body(self, status: int, language: Language) -> dict[str, Any]:
        """What is said of an error, with the numbers."""
        code = _CODES.get(status, "bad_request" if status < 500 else "internal")
        return {
            "error": {"code": code, "message": MESSAGES[code][language]},
            "help": self.cards().numbers(language),
            "links": [link_json(link) for link in help_links(self.content(), language)],
        }


def help_links(content: Content, language: Language) -> tuple[Link, ...]:
    """Taps for the clinic's line, 988 and 911."""
    numbers = (content.clinic.numbers[name] for name in HELP_NUMBERS)
    return tuple(link for number in numbers for link in number.links[language])
