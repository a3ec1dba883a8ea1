"""The Rasa graph component around the topic model."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.encoders import shared
from bot.messages import Candidate
from bot.nlu.topic_model import Example, TopicModel
from bot.nlu.validation import OUT_OF_SCOPE, cross_validate

log = logging.getLogger(__name__)

FALLBACK = "nlu_fallback"
FAQ = "faq"
"""The retrieval intent: `faq/risks` is answered by `utter_faq/risks`, and one rule covers them all."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TopicClassifier(GraphComponent, IntentClassifier):  # type: ignore[misc]
    """Sets a message's intent, ranking, and the property that `utter_faq` reads its answer from.

    A best topic below `threshold` becomes `nlu_fallback`. Without a configured threshold, training
    finds one by cross-validation.
    """

    def __init__(
        self,
        storage: ModelStorage,
        resource: Resource,
        *,
        model: TopicModel | None = None,
        threshold: float | None = None,
    ) -> None:
        self._storage = storage
        self._resource = resource
        self._model = model
        self._threshold = threshold

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """A threshold in [0, 1], or None to find it in training."""
        return {"threshold": None}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TopicClassifier:
        """An untrained component."""
        return cls(model_storage, resource, threshold=config["threshold"])

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the topic model and store it with its threshold; Rasa wires the argument by its name."""
        examples = [
            Example(str(each.get("intent_response_key") or each.get("intent")), str(each.get("text")))
            for each in training_data.intent_examples
        ]
        synonyms = training_data.entity_synonyms
        described: dict[str, Any] = {"threshold": self._threshold}
        if self._threshold is None:
            described = asdict(cross_validate(shared(), examples, synonyms))
        model = TopicModel.fit(shared(), examples, synonyms)
        with self._storage.write_to(self._resource) as folder:
            model.save(folder)
            (folder / "threshold.json").write_text(json.dumps(described), encoding="utf-8")
        log.info("%d topics from %d examples; %s", len(model.topics), len(examples), _summary(described))
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **_: Any,
    ) -> TopicClassifier:
        """The trained component.

        Raises:
            ValueError, OSError, KeyError: The stored model is damaged.
            WeightsError: The encoders' weights are.
        """
        with model_storage.read_from(resource) as folder:
            model = TopicModel.load(folder, shared())
            described = json.loads((folder / "threshold.json").read_text(encoding="utf-8"))
        return cls(model_storage, resource, model=model, threshold=float(described["threshold"]))

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent of each message."""
        for message in messages:
            if self._model is None or self._threshold is None:
                raise RuntimeError("the topic model is not trained")
            set_topic(message, self._model.rank(message.get("text") or ""), self._threshold)
        return messages


def _summary(described: Mapping[str, Any]) -> str:
    if "right" not in described:
        return f"threshold {described['threshold']}, as configured"
    return (
        "of examples held back, {right:.0%} right, {declined:.0%} declined, {wrong:.0%} wrong; "
        "of those out of scope, {leaked:.0%} answered"
    ).format(**described)


def set_topic(message: Message, ranking: tuple[Candidate, ...], threshold: float) -> None:
    """Write a ranking of topics onto a message, as Rasa's intents and response selector would."""
    best = ranking[0] if ranking else Candidate(FALLBACK, 1.0)
    if best.confidence < threshold and best.topic != OUT_OF_SCOPE:
        best = Candidate(FALLBACK, 1.0 - best.confidence)
    set_intent(message, best)
    message.set("intent_ranking", [_intent(each) for each in ranking], add_to_output=True)


def set_intent(message: Message, best: Candidate) -> None:
    """Make `best` the message's intent, and its answer if it is a FAQ."""
    base, _, answer = best.topic.partition("/")
    message.set("intent", {"name": base, "confidence": best.confidence}, add_to_output=True)
    selector: dict[str, Any] = {"all_retrieval_intents": [FAQ]}
    if answer:
        selector[base] = {"response": _response(best), "ranking": []}
    message.set("response_selector", selector, add_to_output=True)


def _intent(candidate: Candidate) -> Mapping[str, Any]:
    return {"name": candidate.topic, "confidence": candidate.confidence}


def _response(best: Candidate) -> Mapping[str, Any]:
    return {
        "intent_response_key": best.topic,
        "utter_action": f"utter_{best.topic}",
        "confidence": best.confidence,
        "responses": None,
    }
