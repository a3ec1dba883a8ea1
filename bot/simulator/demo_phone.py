"""The simulated phone beside the demo page, in the same server: for trying a server that has no number yet.

It texts the server's own webhook, signed with a token that this process alone knows, so what is written goes
the whole way of a text: it is stored, it comes up on the desk, and danger opens a case.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from bot.channels.errors import Handler
from bot.services import Services
from bot.settings import Settings
from bot.simulator.page import add_phone
from bot.simulator.simulation import Simulation, make_carrier, with_account

PATH: Final = "/demo/phone"
HOME: Final = frozenset({"127.0.0.1", "localhost"})
FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
"""What a proxy adds: behind one, somebody else than this machine's user may be asking."""


def is_offered(settings: Settings) -> bool:
    """Whether a server with these settings is somebody's own, with nothing of a real number set."""
    real = (
        settings.sms_from,
        settings.sms_unsigned,
        settings.twilio_account_sid,
        settings.twilio_auth_token,
        settings.telnyx_public_key,
        settings.telnyx_api_key,
    )
    # Without a fixed port the address that is signed would not be the one that is called.
    reachable = settings.host not in HOME or settings.public_url or settings.trusted_proxies
    return not any(real) and not reachable and settings.port != 0


def with_network(settings: Settings) -> Settings:
    """The settings with an account of a simulated network, whose API is the server itself."""
    return with_account(settings, settings.base_url)


def add(app: web.Application, services: Services) -> None:
    """Add the phone and its network to the server whose settings come from `with_network`."""
    settings = services.settings
    carrier = make_carrier(settings, services.cards, settings.base_url, advanced=True)
    carrier.add_routes(app)
    phone = web.Application(middlewares=[_on_this_machine])
    add_phone(phone, Simulation(carrier, None, kept=True))
    app.add_subapp(PATH, phone)

    async def close(_: web.Application) -> None:
        await carrier.close()

    # Before the services stop, to which it reports.
    app.on_cleanup.insert(0, close)


@web.middleware
async def _on_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Serve nobody who comes from elsewhere: through a proxy, or a name that leads here."""
    named = urlsplit(f"//{request.host}").hostname
    forwarded = any(name in request.headers for name in FORWARDED)
    if forwarded or named not in HOME or not _is_this_machine(request.remote):
        raise web.HTTPNotFound
    return await handler(request)


def _is_this_machine(address: str | None) -> bool:
    return address is not None and ipaddress.ip_address(address).is_loopback
