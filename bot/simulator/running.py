"""Everything for trying the channel: a carrier, its page, and a rehearsal of Harborline, or the real one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from uuid import uuid4

from aiohttp import web

from bot.app import make_app
from bot.cards import Cards
from bot.content import load as load_content
from bot.content.safety import REST
from bot.messages import CarrierAct, Channel, Language
from bot.rehearsal import rehearse
from bot.services import Services
from bot.settings import Settings, SettingsError
from bot.simulator.carrier import Carrier
from bot.texting import queue_text
from bot.transcripts.turns import conversation_of

ACCOUNT: Final = f"AC{'0' * 32}"
CLINIC: Final = "+13215550100"
PERSON: Final = "+14075550142"
CONFIRMATIONS: Final = {
    CarrierAct.STOP: "opt_out",
    CarrierAct.START: "opted_in",
    CarrierAct.HELP: "help",
}


@dataclass
class Simulation:
    """A carrier before a Harborline; `services` is None where it is one that runs elsewhere."""

    carrier: Carrier
    services: Services | None

    async def text_as_staff(self, number: str, text: str) -> None:
        """Text somebody as staff would, at any hour.

        Raises:
            CannotTextError: It must not, or cannot, be sent.
            UnknownConversationError: The phone has not written yet.
        """
        services = self.services
        if services is None:
            raise SettingsError("Texts of staff can be tried in a rehearsal alone: leave --url out.")
        now = services.clock.now()
        async with services.database.transaction() as session:
            conversation = await conversation_of(session, services.ring, number, now)
            await queue_text(
                session,
                services.ring,
                conversation,
                text,
                f"simulator:{uuid4()}",
                now,
                zone=services.settings.time_zone,
                hint=services.cards.service(REST, Language.EN, Channel.SMS).text,
            )


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
        carrier = _carrier(known, url or known.base_url, advanced=advanced)
        stack.push_async_callback(carrier.close)
        simulation = Simulation(carrier, services)
        from bot.simulator.page import make_page

        runner = web.AppRunner(make_page(simulation), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, site).start()
        yield simulation


def _carrier(settings: Settings, url: str, *, advanced: bool) -> Carrier:
    cards = Cards(load_content(settings.data))
    texts = {act: cards.service(name, Language.EN, Channel.SMS).text for act, name in CONFIRMATIONS.items()}
    return Carrier(
        url.rstrip("/"),
        account=settings.twilio_account_sid or ACCOUNT,
        token=settings.twilio_auth_token[0],
        number=settings.sms_from if settings.sms_from.startswith("+") else CLINIC,
        advanced=advanced,
        confirmations=texts,
        fallback=tuple(cards.fallback(language, Channel.SMS).text for language in Language),
    )


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
            sms_from=CLINIC,
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=(uuid4().hex,),
            twilio_api_url=api,
            telnyx_public_key="",
        )
        async with rehearse(private, texts=True) as services:
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
