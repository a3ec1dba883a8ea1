"""The Rasa graph component around the topic model."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from threadpoolctl import threadpool_limits

from bot.encoders import shared
from bot.messages import Candidate
from bot.nlu.decision import Thresholds, decide
from bot.nlu.topic_model import Example, TopicModel
from bot.nlu.validation import cross_validate
from bot.nlu.wording import Wording

log = logging.getLogger(__name__)

RETRIEVAL_INTENTS = ("faq", "smalltalk")
"""`faq/risks` is answered by `utter_faq/risks`, and one rule covers all of `faq`."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class TopicClassifier(GraphComponent, IntentClassifier):  # type: ignore[misc]
    """Sets a message's intent, ranking, and the property that `utter_faq` reads its answer from.

    `bot.nlu.decision` says what becomes of the ranking. Without configured thresholds, training finds
    them by cross-validation.
    """

    def __init__(
        self,
        storage: ModelStorage,
        resource: Resource,
        *,
        model: TopicModel | None = None,
        thresholds: Thresholds | None = None,
        refusals: Sequence[str] = (),
        plainly: Sequence[str] = (),
    ) -> None:
        self._storage = storage
        self._resource = resource
        self._model = model
        self._thresholds = thresholds
        self._refusals = refusals
        self._plainly = plainly

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`thresholds`: as `Thresholds` names them, or None to find them in training.

        `refusals`: the intents that must not be answered; `plainly`: those that are never asked back about.
        """
        return {"thresholds": None, "refusals": [], "plainly": []}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TopicClassifier:
        """An untrained component."""
        chosen = Thresholds(**config["thresholds"]) if config["thresholds"] else None
        return cls(model_storage, resource, thresholds=chosen, refusals=config["refusals"])

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the topic model and store it with its thresholds; Rasa wires the argument by its name."""
        examples = [_example(each) for each in training_data.intent_examples]
        synonyms = training_data.entity_synonyms
        vectors = shared().encode(Wording(synonyms).read_all(example.text for example in examples))
        # Two threads on these small matrices only wait for each other: 13 s of processor time against 8.
        with threadpool_limits(limits=1):
            if self._thresholds is None:
                described = asdict(cross_validate(shared(), examples, synonyms, vectors, self._refusals))
            else:
                described = {"thresholds": asdict(self._thresholds)}
            model = TopicModel.fit(shared(), examples, synonyms, vectors)
        with self._storage.write_to(self._resource) as folder:
            model.save(folder)
            (folder / "thresholds.json").write_text(json.dumps(described), encoding="utf-8")
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
            described = json.loads((folder / "thresholds.json").read_text(encoding="utf-8"))
        return cls(
            model_storage,
            resource,
            model=model,
            thresholds=Thresholds(**described["thresholds"]),
            refusals=config["refusals"],
            plainly=config["plainly"],
        )

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent of each message."""
        for message in messages:
            if self._model is None or self._thresholds is None:
                raise RuntimeError("the topic model is not trained")
            ranking = self._model.rank(message.get("text") or "")
            set_topic(message, ranking, decide(ranking, self._thresholds, self._refusals, self._plainly))
        return messages


def _example(message: Message) -> Example:
    metadata: Mapping[str, Any] = (message.get("metadata") or {}).get("intent") or {}
    return Example(
        topic=str(message.get("intent_response_key") or message.get("intent")),
        text=str(message.get("text")),
        author=str(metadata.get("author", "")),
    )


def _summary(described: Mapping[str, Any]) -> str:
    if "right" not in described:
        return f"thresholds as configured: {described['thresholds']}"
    return (
        "of examples by authors held back, {right:.0%} right, {asked:.0%} asked back, {declined:.0%} "
        "declined, {wrong:.0%} wrong; of those out of scope, {leaked:.0%} answered; of those that must "
        "not be answered, {caught:.0%} caught"
    ).format(**described)


def set_topic(message: Message, ranking: Sequence[Candidate], decided: Candidate) -> None:
    """Write a ranking of topics and what was decided, as Rasa's intents and response selector would."""
    set_intent(message, decided)
    message.set("intent_ranking", [_intent(each) for each in ranking], add_to_output=True)


def set_intent(message: Message, best: Candidate) -> None:
    """Make `best` the message's intent, and its answer if it is a FAQ."""
    base, _, answer = best.topic.partition("/")
    message.set("intent", {"name": base, "confidence": best.confidence}, add_to_output=True)
    selector: dict[str, Any] = {"all_retrieval_intents": list(RETRIEVAL_INTENTS)}
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
