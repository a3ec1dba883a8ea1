"""`action_handoff`: screens the message, hands a person in danger over to staff, and says the card."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.context import Context, standalone
from actions.heard import Heard, heard
from bot import handoff
from bot.messages import Kind, Level, Reply, Risk
from bot.transcripts import conversations, turns
from bot.transcripts.database import Database, StorageError
from bot.transcripts.encryption import KeyRing

log = logging.getLogger(__name__)


class ActionHandoff(Action):  # type: ignore[misc]
    """Opens the hand-off and answers with the same card as the guarantee.

    Inside Harborline the hand-off is open before Rasa hears of the message, and opening it again
    changes nothing. Under stock Rasa this is the opener.
    """

    def __init__(self, context: Context | None = None) -> None:
        self._context = context or standalone()

    def name(self) -> str:
        """As the domain and the rules name it."""
        return "action_handoff"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Say the card whether or not the hand-off can be stored."""
        message = heard(tracker)
        risk = self._context.screener.screen(message.text, at=message.received_at)
        if risk.level >= Level.CRISIS:
            await self._open(message, risk)
        for reply in self._replies(message, risk):
            dispatcher.utter_message(text=reply.text)
        return []

    def _replies(self, message: Heard, risk: Risk) -> tuple[Reply, ...]:
        cards = self._context.cards
        if risk.level >= Level.CRISIS:
            return cards.crisis(risk, message.language, message.channel)
        # The topic model took it for a crisis and no cue did: ask kindly rather than alarm.
        unclear = (
            risk if risk.level >= Level.CONCERN else replace(risk, level=Level.CONCERN, kind=Kind.DISTRESS)
        )
        return (cards.check_in(unclear, message.language, message.channel),)

    async def _open(self, message: Heard, risk: Risk) -> None:
        try:
            database, ring = await self._context.storage(), self._context.ring
            if database is not None and ring is not None:
                await open_handoff(database, ring, message, risk)
        except StorageError as error:
            log.error("conversation %s: hand-off not stored: %s", message.conversation, error)


async def open_handoff(database: Database, ring: KeyRing, message: Heard, risk: Risk) -> None:
    """Open or raise the conversation's hand-off, making the conversation when there is none.

    Raises:
        StorageError: It could not be stored.
    """
    async with database.transaction() as session:
        stored = await turns.find_retry(session, ring, message.channel, message.external_id)
        if stored is None and message.accepted:
            # Accepted by Harborline and not in the database: the spool holds it, hand-off and all.
            return
        now = message.received_at
        if stored is None:
            await conversations.open_conversation(
                session, message.conversation, message.channel, message.language, now
            )
        turn = stored.turn if stored is not None else message.turn
        await handoff.open(session, message.conversation, turn, risk, now)
