"""The desk around the running services, and what happens when it cannot be had: the chat goes on without."""

from __future__ import annotations

import asyncio
import logging
import threading
from uuid import UUID

from aiohttp import web

from bot.audit.anchor import Anchor, Mark
from bot.browsing.searching import Searcher
from bot.content.safety import CANNED
from bot.joining.telling import Texts
from bot.live import Changes
from bot.retention.purging import Due, Rules, purge
from bot.review.app import add_desk
from bot.review.desk import Desk
from bot.review.keeping import Announce
from bot.review.times import Times
from bot.review.watching import Watch
from bot.reviewing.choosing import Sampling
from bot.services import Services
from bot.vocabulary import vocabulary

log = logging.getLogger(__name__)


def add(app: web.Application, services: Services) -> None:
    """Add the staff pages to the server.

    Raises:
        Exception: Something of them is missing.
    """
    settings, database, clock = services.settings, services.database, services.clock

    def make(changes: Changes) -> Desk:
        return Desk(
            database=database,
            ring=services.ring,
            clock=clock,
            times=Times(settings.time_zone, clock),
            changes=changes,
            watch=Watch(database, changes, clock),
            searcher=Searcher(database, services.ring),
            notice=lambda name, language, channel: services.cards.service(name, language, channel),
            canned=lambda language, channel: tuple(
                services.cards.service(name, language, channel).text for name in CANNED
            ),
            texts=lambda: Texts(settings.time_zone, services.texts_off),
            purge=lambda: _purge(services),
            sampling=Sampling(settings.review_percent, settings.review_weekly),
            ready=lambda: services.mending.prepared,
            clinic=lambda: services.content.clinic.name,
            topics=lambda: services.content.topics,
            known_words=lambda: vocabulary(settings.data),
            public_url=settings.public_url,
            base_url=settings.base_url,
            trusted_proxies=settings.trusted_proxies,
            behind_tls=settings.behind_tls,
            roster=services.roster,
            recipients=services.notifier.everybody,
        )

    add_desk(
        app,
        make=make,
        anchor=Anchor(settings.audit_anchor, services.ring),
        announce=_announcer(settings.audit_anchor_url) if settings.audit_anchor_url else None,
    )


async def _purge(services: Services) -> Due:
    """Delete what is kept for longer than it may be, here and in memory."""
    rules = Rules(services.settings.keep_days, services.settings.keep_case_days)
    gone: list[UUID] = []
    due = await purge(services.database, services.spool, rules, services.clock.now(), forget=gone.append)
    for conversation in gone:
        services.memory.forget(conversation)
        await services.engine.forget(conversation)
    return due


def _announcer(url: str) -> Announce:
    async def announce(mark: Mark) -> None:
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def send() -> None:
            # Here, because loading it takes a quarter of a second.
            from apprise import Apprise

            service = Apprise()
            service.add(url)
            service.notify(title="Harborline audit log", body=f"{mark.entry} {mark.mac} {mark.at}")
            loop.call_soon_threadsafe(lambda: None if done.done() else done.set_result(None))

        # A daemon, so that a service that hangs does not keep the process from ending.
        threading.Thread(target=send, name="anchor", daemon=True).start()
        await done

    return announce
