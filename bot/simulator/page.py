"""The simulated phone's page and what it asks for. On this machine alone, and only for its own page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from bot.channels.headers import add_headers
from bot.channels.page import STATIC
from bot.settings import SettingsError
from bot.simulator.carrier import Fault
from bot.simulator.simulation import PERSON, Simulation
from bot.texting import CannotTextError
from bot.texting.numbers import sender
from bot.transcripts.database import StorageError

LONGEST: Final = 1_600
"""Characters of a body that Twilio takes."""
MAX_BODY: Final = 64_000
ATTACHMENTS: Final = {"picture": "image/jpeg", "voice": "audio/amr", "place": "text/x-vcard"}
LOST: Final = Fault(fails_with="30003")


def make_page(simulation: Simulation) -> web.Application:
    """The page at the root of a server of its own, and beside it the carrier's API."""
    app = web.Application()
    simulation.carrier.add_routes(app)
    add_phone(app, simulation)
    app.router.add_static("/static", STATIC)
    app.on_response_prepare.append(add_headers)
    return app


def add_phone(app: web.Application, simulation: Simulation) -> None:
    """Serve the page at the application's root; its files are at `/static` of the whole server."""
    app.router.add_get("/", _show)
    app.router.add_get("/phone", _reading(simulation))
    app.router.add_post("/texts", _texting(simulation))
    if not simulation.kept:
        # Where words are kept, staff write at the desk, under a name and a login.
        app.router.add_post("/staff", _writing_as_staff(simulation))


async def _show(_: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "simulator.html")


def _reading(simulation: Simulation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def read(request: web.Request) -> web.Response:
        return _phone(simulation, request.query.get("number", PERSON))

    return read


def _texting(simulation: Simulation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def text(request: web.Request) -> web.Response:
        said = await _said(request)
        kind = ATTACHMENTS.get(str(said.get("attachment")))
        number, words = _number(said), str(said.get("text", ""))[:LONGEST]
        await simulation.carrier.text(number, words, attachments=(kind,) if kind else ())
        return _phone(simulation, number)

    return text


def _writing_as_staff(simulation: Simulation) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def write(request: web.Request) -> web.Response:
        said = await _said(request)
        number = _number(said)
        if said.get("lost"):
            simulation.carrier.faults.append(LOST)
        try:
            await simulation.text_as_staff(number, str(said.get("text", ""))[: LONGEST * 3])
        except CannotTextError as error:
            return _phone(simulation, number, problem=f"This number cannot be texted: {error.why}.")
        except (SettingsError, StorageError) as error:
            return _phone(simulation, number, problem=str(error))
        return _phone(simulation, number)

    return write


async def _said(request: web.Request) -> dict[str, Any]:
    # Another site's page cannot send this type without being asked first, and is not answered.
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    said = await request.clone(client_max_size=MAX_BODY).json()
    if not isinstance(said, dict):
        raise web.HTTPBadRequest
    return said


def _number(said: dict[str, Any]) -> str:
    return sender(str(said.get("number") or PERSON)).number


def _phone(simulation: Simulation, number: str, *, problem: str = "") -> web.Response:
    phone = simulation.carrier.phone(sender(number).number).to_json()
    told = {
        "clinic": simulation.carrier.number,
        "url": simulation.carrier.url,
        "staff": simulation.services is not None,
        "kept": simulation.kept,
        "problem": problem,
    }
    return web.json_response(phone | told)
