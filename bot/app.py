"""The aiohttp application: it listens first and loads the engine behind."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import sys
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from bot.channels.api import ChatApi, add_api
from bot.channels.errors import Errors
from bot.channels.limits import Limits
from bot.channels.origins import Origins
from bot.channels.page import add_page
from bot.channels.sms.answering import Answers
from bot.channels.sms.conversing import Conversations
from bot.channels.sms.pacing import Pacing
from bot.channels.sms.reports import Reporting
from bot.channels.sms.webhook import SmsWebhook
from bot.channels.socket import Sockets, add_socket
from bot.channels.synthetic import Synthetic
from bot.channels.talk import Talk
from bot.channels.tokens import Tokens
from bot.channels.widget import add_widget
from bot.logs import configure_logs
from bot.notify import misunderstood
from bot.roster import FILE
from bot.roster import load as load_roster
from bot.services import Services
from bot.settings import Settings, SettingsError
from bot.simulator import demo_phone
from bot.transcripts.database import KeyMismatchError
from bot.transcripts.encryption import KeyRingError

log = logging.getLogger(__name__)

SHUTDOWN_SECONDS: Final = 10.0
"""For requests under way when the process is asked to stop; longer than any turn."""


def make_app(services: Services, *, phone: bool = False) -> web.Application:
    """The web application around services, which it stops at its end.

    Args:
        services: What answers.
        phone: Whether the demo page offers a simulated phone, on whose network the settings then are.
    """
    # Bodies are read by the channel, which knows its own limit.
    app = web.Application(client_max_size=0)

    async def stop(_: web.Application) -> None:
        await services.stop()

    async def readiness() -> Sequence[str]:
        return services.not_ready()

    app.on_cleanup.append(stop)
    settings = services.settings
    talk = _talk(services)
    sockets = Sockets(talk, Errors(content=lambda: services.content, cards=lambda: services.cards))
    add_api(
        app,
        ChatApi(
            talk=talk,
            content=lambda: services.content,
            cards=lambda: services.cards,
            readiness=readiness,
            warnings=services.warnings,
            origins=Origins(public_url=settings.public_url, allowed=settings.allowed_origins),
            synthetic=Synthetic(settings.heartbeat_secret, services.is_stored),
            left=sockets.left,
            cleared=sockets.cleared,
        ),
    )
    add_socket(app, sockets)
    add_page(app, content=lambda: services.content, phone=f"{demo_phone.PATH}/" if phone else None)
    add_widget(
        app,
        content=lambda: services.content,
        cards=lambda: services.cards,
        page_context=settings.page_addresses,
    )
    _add_sms(app, services)
    if phone:
        demo_phone.add(app, services)
    _add_desk(app, services)
    return app


def _talk(services: Services) -> Talk:
    return Talk(
        responder=services.responder,
        judging=services.judging,
        clearing=services.clearing,
        database=services.database,
        ring=services.ring,
        clock=services.clock,
        cards=lambda: services.cards,
        tokens=Tokens(services.ring),
        limits=Limits(trusted_proxies=services.settings.trusted_proxies),
        pages=services.settings.page_addresses,
    )


def _add_sms(app: web.Application, services: Services) -> None:
    """Add the SMS provider's webhook, where there is one."""
    provider = services.sms
    if provider is None:
        return
    answers = Answers(
        database=services.database,
        ring=services.ring,
        provider=provider,
        reports=services.reports(provider),
        cards=lambda: services.cards,
    )
    conversations = Conversations(services.database, services.ring)
    webhook = SmsWebhook(
        provider=provider,
        pacing=Pacing(services.responder, conversations, Limits()),
        answers=answers,
        reporting=Reporting(services.database, services.notifier, services.clock),
        refusals=services.sms_refusals,
        clock=services.clock,
        cards=lambda: services.cards,
        guess=conversations.guess,
        url=services.settings.base_url,
        unsigned=services.settings.sms_unsigned,
    )
    app.add_routes(webhook.routes())

    async def drain(_: web.Application) -> None:
        await answers.drain()

    # Before the services stop, which need not wait for a text that goes directly.
    app.on_cleanup.insert(0, drain)


def _add_desk(app: web.Application, services: Services) -> None:
    """Add the staff pages; without them the chat goes on, and staff are paged all the same."""
    try:
        from bot import desk

        desk.add(app, services)
    except Exception as error:
        log.error("the staff pages are not served: %s", type(error).__name__)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then finish the turns in flight.

    Raises:
        SettingsError: A key is malformed or does not fit the database, or the port is in use.
        DataError: `data/` cannot be used.
    """
    configure_logs()
    _require_addresses(settings)
    try:
        phone = demo_phone.is_offered(settings)
        services = Services(demo_phone.with_network(settings) if phone else settings)
        asyncio.run(_serve(services, phone=phone))
    except KeyRingError as error:
        raise SettingsError(f"HARBORLINE_KEYS: {error}. 'harborline key' prints a fresh one.") from error
    except KeyMismatchError as error:
        raise SettingsError(f"{error}. Put the old key back, after the new one if you rotate.") from error
    except ValueError as error:
        raise SettingsError(f"HARBORLINE_TRUSTED_PROXIES: {error}.") from error
    except OSError as error:
        raise SettingsError(_cannot_listen(settings, error)) from error


async def _serve(services: Services, *, phone: bool) -> None:
    settings = services.settings
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner = web.AppRunner(
        make_app(services, phone=phone), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        port = runner.addresses[0][1]
        sys.stdout.write(f"Harborline listens on http://{settings.host}:{port}\n")
        sys.stdout.flush()
        if phone:
            log.info(
                "texts go to the simulated phone at http://%s:%d%s/", settings.host, port, demo_phone.PATH
            )
        # Cards go out from here on; what is written before the database is reached goes to the spool.
        log.info("%s", services.content.sign_off)
        await services.start()
        await stopped.wait()
        log.info("stopping")
    finally:
        await runner.cleanup()


def _require_addresses(settings: Settings) -> None:
    """Find an address that would never be told of a hand-off before anyone is in danger."""
    if settings.notify_urls and (places := misunderstood(settings.notify_urls)):
        raise SettingsError(f"HARBORLINE_NOTIFY_URLS: apprise does not understand address {places[0]}.")
    _require_contacts(settings)


def _require_contacts(settings: Settings) -> None:
    """Every contact on the roster has an address, and every address a contact."""
    roster = load_roster(settings.data)
    contacts = {contact.address: contact.key for contact in roster.contacts.values()} if roster else {}
    for name in sorted(contacts.keys() - settings.contact.keys()):
        remedy = "Set it to an apprise URL, or take the contact off the roster."
        raise SettingsError(f"{name} is not set; {FILE} names it for '{contacts[name]}'. {remedy}")
    for name, url in settings.contact.items():
        if name not in contacts:
            remedy = f"Add the contact to {settings.data / FILE}, or remove the setting."
            raise SettingsError(f"{name} is the address of nobody on the roster. {remedy}")
        if misunderstood([url]):
            raise SettingsError(f"{name}: apprise does not understand the address.")


def _cannot_listen(settings: Settings, error: OSError) -> str:
    where = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return f"{where} is in use. Stop the other program or set HARBORLINE_PORT."
    return f"Cannot listen on {where}: {error.strerror}. Correct HARBORLINE_HOST or HARBORLINE_PORT."
