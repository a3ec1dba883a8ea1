"""The simulator as a program of its own: a carrier, its page, and a rehearsal of Harborline or a real one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from aiohttp import web

from bot.app import make_app
from bot.cards import Cards
from bot.content import load as load_content
from bot.rehearsal import rehearse
from bot.services import Services
from bot.settings import Settings, SettingsError
from bot.simulator.page import make_page
from bot.simulator.simulation import Simulation, make_carrier, with_account


@asynccontextmanager
async def simulate(
    settings: Settings, *, port: int, url: str | None, advanced: bool
) -> AsyncIterator[Simulation]:
    """A carrier that listens, and a Harborline that it texts.

    Args:
        settings: The data and the model; with `url` also the account and its token.
        port: Of the carrier's API and page; 0 takes a free one.
        url: A server that runs already; by default a rehearsal is made, of which nothing stays.
        advanced: Whether the carrier answers reserved words itself.

    Raises:
        SettingsError: The port is in use, the model cannot be loaded, or there is no token to sign with.
        DataError: `data/` cannot be used.
    """
    async with AsyncExitStack() as stack:
        site = _listen(port)
        stack.callback(site.close)
        api = f"http://127.0.0.1:{site.getsockname()[1]}"
        services = None if url else await stack.enter_async_context(_rehearsal(settings, api))
        known = services.settings if services else settings
        if not known.twilio_auth_token:
            raise SettingsError("HARBORLINE_TWILIO_AUTH_TOKEN is not set, so nothing could be signed.")
        cards = services.cards if services else Cards(load_content(settings.data))
        carrier = make_carrier(known, cards, url or known.base_url, advanced=advanced)
        stack.push_async_callback(carrier.close)
        simulation = Simulation(carrier, services)
        runner = web.AppRunner(make_page(simulation), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, site).start()
        yield simulation


@asynccontextmanager
async def _rehearsal(settings: Settings, api: str) -> AsyncIterator[Services]:
    site = _listen(0)
    with site:
        port = int(site.getsockname()[1])
        private = replace(
            settings,
            host="127.0.0.1",
            port=port,
            public_url=f"http://127.0.0.1:{port}",
            telnyx_public_key="",
        )
        async with rehearse(with_account(private, api), texts=True) as services:
            runner = web.AppRunner(make_app(services), access_log=None)
            await runner.setup()
            await web.SockSite(runner, site).start()
            yield services
            await runner.cleanup()


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), reuse_port=False)
    except OSError as error:
        raise SettingsError(f"127.0.0.1:{port} cannot be used. Give another --port.") from error


async def for_ever() -> None:
    """Until the program is stopped."""
    await asyncio.Event().wait()
