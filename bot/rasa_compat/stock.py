"""Stock Rasa's sparse pipeline, outside a graph: what ours is compared with."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from bot.rasa_compat import quiet, tensorflow_free  # noqa: F401  (before rasa)

# isort: split
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer
from rasa.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

LETTERS = {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}
"""As `rasa init` writes it: counts of words, and of groups of one to four letters."""

ALL_TOPICS = {"ranking_length": 0}


class StockClassifier:
    """WhitespaceTokenizer, CountVectorsFeaturizer twice, LogisticRegressionClassifier, as they come."""

    def __init__(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        """Train on texts and their intents."""
        quiet.silence()
        self.topics = sorted(set(labels))
        data = TrainingData(
            [Message.build(text=text, intent=label) for text, label in zip(texts, labels, strict=True)]
        )
        with TemporaryDirectory() as folder:
            storage, resource = LocalModelStorage(Path(folder)), Resource("stock")
            contexts = [ExecutionContext(GraphSchema({}), node_name=name) for name in ("words", "letters")]
            self._tokenizer = WhitespaceTokenizer.create(
                WhitespaceTokenizer.get_default_config(), storage, resource, contexts[0]
            )
            self._tokenizer.process_training_data(data)
            self._featurizers = [
                CountVectorsFeaturizer.create(
                    {**CountVectorsFeaturizer.get_default_config(), **options}, storage, resource, context
                )
                for options, context in zip(({}, LETTERS), contexts, strict=True)
            ]
            for featurizer in self._featurizers:
                featurizer.train(data)
                featurizer.process_training_data(data)
            self._classifier = LogisticRegressionClassifier.create(
                {**LogisticRegressionClassifier.get_default_config(), **ALL_TOPICS},
                storage,
                Resource("classifier"),
                contexts[0],
            )
            with warnings.catch_warnings():
                # It does not converge in its hundred steps, and says so; that is how it comes.
                warnings.simplefilter("ignore")
                self._classifier.train(data)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """n × topics."""
        messages = [Message(data={"text": text}) for text in texts]
        self._tokenizer.process(messages)
        for featurizer in self._featurizers:
            featurizer.process(messages)
        self._classifier.process(messages)
        return np.array([self._row(message) for message in messages], dtype=np.float32)

    def _row(self, message: Message) -> list[float]:
        named = {each["name"]: each["confidence"] for each in message.get("intent_ranking")}
        return [named.get(topic, 0.0) for topic in self.topics]
