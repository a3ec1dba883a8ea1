"""The Rasa graph component that lets the rules of what must not be answered overrule the classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.training_data.message import Message

from bot.messages import Candidate
from bot.nlu.must_not_answer import MustNotAnswer
from bot.nlu.topic_classifier import set_intent
from bot.settings import load


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class RefusalGate(GraphComponent):  # type: ignore[misc]
    """Makes the refusal that a rule names the intent of a message, whatever its topic seemed to be.

    It stands after the classifier, whose ranking stays as it is, and before the risk gate: danger goes
    before a refusal.
    """

    def __init__(self, rules: MustNotAnswer) -> None:
        self._rules = rules

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`data`: the folder that holds the rules; None for the one of the settings."""
        return {"data": None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> RefusalGate:
        """The component with its rules.

        Raises:
            DataError: The rules cannot be used.
        """
        return cls(MustNotAnswer.load(Path(config["data"] or load().data)))

    def process(self, messages: list[Message]) -> list[Message]:
        """Let a rule decide the intent of each message that it holds for."""
        for message in messages:
            rule = self._rules.rule(message.get("text") or "")
            if rule is not None:
                set_intent(message, Candidate(rule.topic, 1.0))
        return messages
