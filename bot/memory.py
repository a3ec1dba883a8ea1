"""The last turns and the crisis state of recent conversations, for when the database cannot be asked."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from bot.messages import Language, Level, Message, PastTurn, Reply, ReplyKind, Risk
from bot.transcripts.standings import HISTORY, STICKY, Standing
from bot.transcripts.turns import CHAT_GAP


class Memory:
    """A bounded map from conversation to standing; the longest unused is forgotten first.

    The database is the truth. Memory overrules it only upwards, for a crisis that it has not got yet.
    """

    def __init__(self, capacity: int = 10_000) -> None:
        self._standings: OrderedDict[UUID, Standing] = OrderedDict()
        self._unsaved: set[UUID] = set()
        self._capacity = capacity

    def recall(self, conversation: UUID, now: datetime) -> Standing:
        """What is known, with an expired crisis state taken off; an empty standing when nothing is."""
        standing = self._standings.get(conversation, Standing())
        if standing.level_until is not None and standing.level_until <= now:
            return replace(standing, level=Level.NONE, level_until=None, kind=None)
        return standing

    def reconcile(self, conversation: UUID, stored: Standing, now: datetime) -> Standing:
        """The database's standing, raised by a crisis that has only reached the spool.

        A disclosure that was given while the database was away stays given.
        """
        known = self.recall(conversation, now)
        given = [at for at in (known.disclosed_at, stored.disclosed_at) if at is not None]
        stored = replace(stored, disclosed_at=max(given, default=None))
        if conversation in self._unsaved:
            stored = replace(stored, opted_out=known.opted_out)
        if conversation in self._unsaved and known.level > stored.level:
            return replace(stored, level=known.level, level_until=known.level_until, kind=known.kind)
        return stored

    def heard(
        self,
        before: Standing,
        message: Message,
        risk: Risk,
        language: Language,
        *,
        saved: bool,
        opted_out: bool | None = None,
    ) -> None:
        """Remember an inbound message, the crisis state that it leaves, and whether it changed an opt-out."""
        now = message.received_at
        idle = before.last_inbound_at is None or now - before.last_inbound_at >= CHAT_GAP
        standing = replace(
            before,
            language=language,
            opted_out=before.opted_out if opted_out is None else opted_out,
            last_inbound_at=now,
            chat_started_at=now if idle else before.chat_started_at,
            history=(*before.history, PastTurn(message.text, now))[-HISTORY:],
        )
        if risk.level >= Level.CONCERN and risk.level >= before.level:
            standing = replace(standing, level=risk.level, level_until=now + STICKY, kind=risk.kind)
        elif risk.level >= Level.CRISIS:
            standing = replace(standing, level_until=now + STICKY)
        self._put(message.conversation, standing)
        if saved:
            self._unsaved.discard(message.conversation)
        else:
            self._unsaved.add(message.conversation)

    def opened(self, conversation: UUID, language: Language, now: datetime) -> None:
        """Remember a conversation that was greeted, and told what this service is."""
        self._put(conversation, Standing(language=language, disclosed_at=now))

    def said(self, conversation: UUID, replies: tuple[Reply, ...], now: datetime) -> None:
        """Remember what was answered."""
        standing = self._standings.get(conversation, Standing())
        disclosed = any(reply.kind == ReplyKind.DISCLOSURE for reply in replies)
        turns = tuple(PastTurn(reply.text, now, reply.kind, reply) for reply in replies)
        self._put(
            conversation,
            replace(
                standing,
                disclosed_at=now if disclosed else standing.disclosed_at,
                history=(*standing.history, *turns)[-HISTORY:],
            ),
        )

    def forget(self, conversation: UUID) -> None:
        """Let go of what was said; the crisis state stays."""
        if conversation in self._standings:
            self._standings[conversation] = replace(self._standings[conversation], history=())

    def replayed(self) -> None:
        """The spool has reached the database: it is the whole truth again."""
        self._unsaved.clear()

    def _put(self, conversation: UUID, standing: Standing) -> None:
        self._standings[conversation] = standing
        self._standings.move_to_end(conversation)
        while len(self._standings) > self._capacity:
            forgotten, _ = self._standings.popitem(last=False)
            self._unsaved.discard(forgotten)
