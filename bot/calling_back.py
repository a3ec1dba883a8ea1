"""Requests to be called: a number and consent, kept for staff as a case, in the database or in the spool."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import uuid4

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    PhoneNumberType,
    format_number,
    is_valid_number,
    number_type,
    parse,
)

from bot.cards import Cards
from bot.deadline import finish_within
from bot.messages import Language, Message, Reply
from bot.replay import TooManyNumbersError, store_call_back
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import CallBackEntry
from bot.transcripts.spool import Spool, SpoolError

log = logging.getLogger(__name__)

HOME: Final = "US"
"""The country of a number without a country code."""
LONGEST: Final = 60
STORE_DEADLINE: Final = timedelta(seconds=0.5)
SPOOL_DEADLINE: Final = timedelta(seconds=0.4)
COSTS_MORE: Final = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})
"""Numbers that nobody is called back on: whoever calls them pays."""


class BadNumberError(Exception):
    """What was given is no phone number that can be called back."""


def normalise(text: str) -> str:
    """The phone number in a text, in E.164 form, with `;ext=` and the extension if it has one.

    Raises:
        BadNumberError: There is none, or calling it would cost extra.
    """
    try:
        number = parse(text[: LONGEST + 1], HOME)
    except NumberParseException as error:
        raise BadNumberError("no phone number") from error
    if len(text) > LONGEST or not is_valid_number(number) or number_type(number) in COSTS_MORE:
        raise BadNumberError("no number that can be called back")
    extension = f";ext={number.extension}" if number.extension else ""
    return format_number(number, PhoneNumberFormat.E164) + extension


class CallBacks:
    """Takes requests to be called; never raises for storage."""

    def __init__(
        self, *, database: Database, ring: KeyRing, spool: Spool, cards: Callable[[], Cards]
    ) -> None:
        self._database = database
        self._ring = ring
        self._spool = spool
        self._cards = cards

    async def take(self, message: Message, number: str, language: Language) -> tuple[Reply, ...]:
        """Keep a request, and say that it is kept; it promises nobody's call (R8).

        Args:
            message: What the person sent, for its conversation, channel and time.
            number: As `normalise` made it.
            language: Of the confirmation, and for whoever calls.

        Returns:
            The confirmation; or that it could not be saved, or that there were too many.
        """
        entry = CallBackEntry(
            uuid4(), message.conversation, message.channel, language, number, message.received_at
        )
        said = await self._keep(entry)
        return (self._cards().service(said, language, message.channel),)

    async def _keep(self, entry: CallBackEntry) -> str:
        """Which service text tells what became of it."""
        try:
            await finish_within(STORE_DEADLINE, self._store(entry))
        except TooManyNumbersError:
            return "limited"
        except Exception as error:  # Whatever the database does, the request goes on to the spool.
            log.warning("call-back %s: database away: %s", entry.turn, type(error).__name__)
            return await self._put_in_spool(entry)
        return "call_back"

    async def _put_in_spool(self, entry: CallBackEntry) -> str:
        try:
            await finish_within(SPOOL_DEADLINE, self._spool.append(entry))
        except (SpoolError, TimeoutError) as error:
            log.error("call-back %s: kept nowhere: %s", entry.turn, type(error).__name__)
            return "not_saved"
        return "call_back"

    async def _store(self, entry: CallBackEntry) -> None:
        async with self._database.transaction() as session:
            await store_call_back(session, self._ring, entry)
