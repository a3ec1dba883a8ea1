"""Which topic a message is about, out of scope being one: logistic regression times the nearest example."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from bot.encoders import PairedEncoder
from bot.encoders.terms import Terms
from bot.messages import Candidate
from bot.nlu.wording import Wording

SCALE_MEANING = 3.0
SCALE_TERMS = 2.0
INVERSE_REGULARISATION = 10.0
"""Chosen on left-out authors, like both scales; between 3 and 30 accuracy moves by half a point."""

TEMPERATURE = 2.0
"""What logits are divided by. Softer probabilities leave more to the cosine, which tells what is like no
topic: on CLINC150 and BANKING77 two to four points more of what is out of scope are rejected."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """A training utterance, its topic, for example `faq/risks`, and who wrote it, where that is known."""

    topic: str
    text: str
    author: str = ""


class TopicModel:
    """Ranks topics for a message.

    A topic's score is its probability times the cosine of the message and the topic's nearest example:
    the regression tells topics apart, the cosine tells what is like none of them.
    """

    def __init__(
        self,
        encoder: PairedEncoder,
        *,
        wording: Wording,
        terms: Terms,
        topics: Sequence[str],
        owners: NDArray[np.int64],
        examples: Floats,
        weights: Floats,
        bias: Floats,
    ) -> None:
        self._encoder = encoder
        self._wording = wording
        self._terms = terms
        self.topics = tuple(topics)
        self._owners = owners
        self._examples = examples
        self._weights = weights
        self._bias = bias

    @classmethod
    def fit(
        cls,
        encoder: PairedEncoder,
        examples: Sequence[Example],
        synonyms: Mapping[str, str],
        vectors: Floats | None = None,
    ) -> TopicModel:
        """Train; the same examples give the same model.

        Args:
            encoder: Makes the vectors now and when a message comes.
            examples: At least two topics.
            synonyms: Words to read as other words.
            vectors: The examples' vectors, when the caller has them: n × encoder.dimensions.
        """
        wording = Wording(synonyms)
        texts = [wording.read(example.text) for example in examples]
        meaning = encoder.encode(texts) if vectors is None else vectors
        # Terms that stand in one example say nothing about a topic and double the time to train.
        terms = Terms(least=2).fit(texts)
        labels = [example.topic for example in examples]
        regression = LogisticRegression(C=INVERSE_REGULARISATION, max_iter=2_000, class_weight="balanced")
        regression.fit(_features(meaning, terms.transform(texts)), labels)
        topics = [str(topic) for topic in regression.classes_]
        return cls(
            encoder,
            wording=wording,
            terms=terms,
            topics=topics,
            owners=np.array([topics.index(label) for label in labels]),
            examples=meaning,
            **_parameters(regression),
        )

    def rank(self, text: str) -> tuple[Candidate, ...]:
        """Every topic with its score in [0, 1], best first; empty for a text without anything to read."""
        read = self._wording.read(text)
        if not any(char.isalnum() for char in read):
            return ()
        scores = self.scores(self._encoder.encode_one(read)[np.newaxis], [read])[0]
        order = np.argsort(-scores, kind="stable")
        return tuple(Candidate(self.topics[at], round(float(scores[at]), 6)) for at in order)

    def scores(self, meaning: Floats, texts: Sequence[str]) -> Floats:
        """Scores of texts as the model reads them, given their vectors: n × topics."""
        features = _features(meaning, self._terms.transform(texts))
        probabilities = softmax((features @ self._weights.T + self._bias) / TEMPERATURE, axis=1)
        return np.asarray(probabilities * self._nearest(meaning), dtype=np.float32)

    def _nearest(self, meaning: Floats) -> Floats:
        """The cosine to each topic's nearest example, by the encoder that finds it nearer: n × topics."""
        cosines = self._encoder.cosines(meaning, self._examples)
        of_topics = (cosines[:, self._owners == topic] for topic in range(len(self.topics)))
        nearest = np.stack([own.max(axis=1) for own in of_topics], axis=1)
        return np.asarray(np.clip(nearest, 0.0, 1.0), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write `topics.json`, `terms.json` and `arrays.npz`."""
        described = {"topics": self.topics, "synonyms": self._wording.synonyms}
        (folder / "topics.json").write_text(json.dumps(described), encoding="utf-8")
        self._terms.save(folder / "terms.json")
        np.savez(
            folder / "arrays.npz",
            owners=self._owners,
            examples=self._examples.astype(np.float16),
            weights=self._weights,
            bias=self._bias,
        )

    @classmethod
    def load(cls, folder: Path, encoder: PairedEncoder) -> TopicModel:
        """The reverse of `save`.

        Raises:
            OSError, ValueError, KeyError: A file is missing or damaged.
        """
        described = json.loads((folder / "topics.json").read_text(encoding="utf-8"))
        with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
            return cls(
                encoder,
                wording=Wording(described["synonyms"]),
                terms=Terms.load(folder / "terms.json"),
                topics=described["topics"],
                owners=arrays["owners"],
                examples=arrays["examples"].astype(np.float32),
                weights=arrays["weights"],
                bias=arrays["bias"],
            )


def _parameters(regression: LogisticRegression) -> dict[str, Floats]:
    """Weights and bias with a row for each topic, also where there are only two."""
    weights, bias = regression.coef_, regression.intercept_
    if len(weights) == 1:
        weights, bias = np.vstack([-weights, weights]) / 2, np.hstack([-bias, bias]) / 2
    return {"weights": weights.astype(np.float32), "bias": bias.astype(np.float32)}


def _features(meaning: Floats, terms: csr_matrix) -> csr_matrix:
    return hstack([csr_matrix(meaning * SCALE_MEANING), terms * SCALE_TERMS], format="csr")
