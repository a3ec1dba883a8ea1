"""The Rasa agent inside this process: one message in, the names of curated responses out.

Importing this module takes seconds; only the engine's loader thread does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from bot.rasa_compat import quiet, tensorflow_free  # noqa: F401  (both before rasa)

# isort: split
from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage

from bot.content import Content, topic
from bot.messages import Candidate, EngineReply, Language, Message, Risk
from bot.nlu.decision import FALLBACK, OUT_OF_SCOPE
from bot.nlu.risk_gate import CRISIS
from bot.rasa_compat.actions_endpoint import InProcessActions
from bot.rasa_compat.locks import PromptLockStore
from bot.rasa_compat.names import ResponseNames, Utterances
from bot.rasa_compat.telemetry import turn_off
from bot.rasa_compat.trackers import BoundedTrackerStore
from bot.rasa_compat.turn import CURRENT, Turn
from bot.settings import Settings
from bot.text import plain
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing

ACTION_DEADLINE: Final = timedelta(seconds=1.5)
"""Below the engine's own, so that a slow action costs its words and not the turn."""
CANDIDATES = 3
NO_TOPICS: Final = frozenset({OUT_OF_SCOPE, FALLBACK, CRISIS})
"""Intents that no answer was written for, and so never candidates."""


class ModelError(Exception):
    """The model is missing, damaged, or was made by another version."""


class EmbeddedAgent:
    """A loaded model with its trackers and actions; used in one event loop."""

    def __init__(self, agent: Agent, trackers: BoundedTrackerStore, database: Database | None) -> None:
        self._agent = agent
        self._trackers = trackers
        self._database = database

    @classmethod
    def load(
        cls,
        model: Path,
        settings: Settings,
        *,
        actions: str,
        content: Callable[[], Content] | None = None,
    ) -> EmbeddedAgent:
        """Load a model; takes seconds.

        Args:
            model: The archive that training wrote.
            settings: Where trackers are kept, and what actions work with.
            actions: A package whose `build(data, ring=…, database=…, content=…)` makes the actions.
            content: The curated content now in force.

        Raises:
            ModelError: Whatever is wrong with the model or the actions.
        """
        quiet.silence()
        turn_off()
        ring = KeyRing(settings.keys) if settings.keys else None
        # A rehearsal has no keys, so it keeps nothing. Elsewhere one database serves trackers and actions.
        database = Database(settings.database_url, ring) if ring is not None else None
        trackers = BoundedTrackerStore(None, database=database, ring=ring)
        try:
            build = importlib.import_module(actions).build
            made = build(settings.data, ring=ring, database=database, content=content)
            agent = Agent.load(
                str(model),
                generator=ResponseNames(),
                tracker_store=trackers,
                lock_store=PromptLockStore(),
                action_endpoint=InProcessActions(made, deadline=ACTION_DEADLINE),
            )
        except Exception as error:  # Rasa, tarfile, zlib and every component have errors of their own
            raise ModelError(f"{type(error).__name__}: {error}") from error
        if agent.processor is None:
            raise ModelError("the model holds no dialogue")
        # Rasa wraps the store in one that answers errors with an empty tracker.
        agent.tracker_store = agent.processor.tracker_store = trackers
        return cls(agent, trackers, database)

    async def turn(self, message: Message, risk: Risk, language: Language) -> EngineReply:
        """Understand one message and run its rule.

        Raises:
            Exception: Whatever a component raises.
        """
        turn = Turn(at=message.received_at, slots={"language": language.value})
        CURRENT.set(turn)
        said = Utterances(message.channel)
        heard = _user_message(message, risk, language, said)
        heard.parse_data = await self._agent.processor.parse_message(heard)
        await self._agent.handle_message(heard)
        return _reply(heard.parse_data, said, turn)

    async def forget(self, conversation: UUID) -> None:
        """Let go of what the dialogue remembers of a conversation; its stored row is the caller's."""
        await self._trackers.forget(conversation)

    async def close(self) -> None:
        """Finish writing trackers and let go of the database."""
        await self._trackers.finish_writing()
        if self._database is not None:
            await self._database.close()


def _user_message(message: Message, risk: Risk, language: Language, said: Utterances) -> UserMessage:
    """The message for Rasa, what is known about it beside it: no words, only level, kind and language."""
    known = {
        "level": risk.level.name,
        "kind": risk.kind.value if risk.kind else None,
        "language": language.value,
        "channel": message.channel.value,
        "received_at": message.received_at.isoformat(),
    }
    return UserMessage(
        # Again here, at the door: Rasa would take a leading slash for a command.
        plain(message.text),
        said,
        str(message.conversation),
        input_channel=message.channel.value,
        message_id=message.external_id,
        metadata=known,
    )


def _reply(parsed: dict[str, Any], said: Utterances, turn: Turn) -> EngineReply:
    return EngineReply(
        utterances=tuple(said.collected),
        topic=_topic(parsed),
        confidence=float(parsed["intent"]["confidence"]),
        candidates=_candidates(parsed.get("intent_ranking", ())),
        failed_actions=tuple(turn.failed_actions),
    )


def _candidates(ranking: Iterable[Mapping[str, Any]]) -> tuple[Candidate, ...]:
    """The best topics that could be answered, each once, whatever the threshold says of them."""
    best: dict[str, Candidate] = {}
    for each in ranking:
        name = topic(each["name"])
        if name not in NO_TOPICS:
            best.setdefault(name, Candidate(name, each["confidence"]))
    return tuple(best.values())[:CANDIDATES]


def _topic(parsed: dict[str, Any]) -> str:
    """The intent, or the topic of a FAQ, for example `risks`."""
    intent = str(parsed["intent"]["name"])
    chosen = parsed.get("response_selector", {}).get(intent)
    return topic(chosen["response"]["intent_response_key"]) if chosen else intent
