"""The Rasa graph component that lets risk go before topic."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

from bot.messages import Candidate, Level
from bot.nlu.topic_classifier import set_intent
from bot.risk import Screener

CRISIS = "crisis"
RISK_DATA = Path(__file__).resolve().parents[2] / "data" / "risk"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class RiskGate(GraphComponent):  # type: ignore[misc]
    """Makes `crisis` the intent of a message at CRISIS or above, whatever its topic seemed to be.

    The level comes with the message from the screening that every inbound message had. Under stock
    Rasa nothing has screened it, so the text is screened here, on its own.
    """

    def __init__(self, data: Path) -> None:
        self._data = data

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`data`: the folder of the risk cues."""
        return {"data": str(RISK_DATA)}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> RiskGate:
        """The component; the screener is loaded only if a message comes unscreened."""
        return cls(Path(config["data"]))

    def process(self, messages: list[Message]) -> list[Message]:
        """Add each message's `risk` to the output, and let a crisis decide the intent."""
        for message in messages:
            level, kind = self._risk(message)
            message.set("risk", {"level": level.name, "kind": kind}, add_to_output=True)
            if level >= Level.CRISIS:
                set_intent(message, Candidate(CRISIS, 1.0))
        return messages

    def _risk(self, message: Message) -> tuple[Level, str | None]:
        metadata: Mapping[str, Any] = message.get("metadata") or {}
        if metadata.get("level") in Level.__members__:
            return Level[metadata["level"]], metadata.get("kind")
        risk = _screener(self._data).screen(message.get("text") or "")
        return risk.level, risk.kind


@cache
def _screener(data: Path) -> Screener:
    return Screener.load(data)
