"""The topic model on public data: CLINC150 and BANKING77, to be compared with what others publish.

Sources: Larson et al. (2019), clinc/oos-eval; Casanueva et al. (2020), PolyAI task-specific-datasets.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any, Final

import numpy as np
from threadpoolctl import threadpool_limits

from bot.encoders import shared
from bot.evaluation import tables
from bot.evaluation.vectors import Floats, encode
from bot.nlu.decision import OUT_OF_SCOPE
from bot.nlu.topic_model import Example, TopicModel
from bot.nlu.wording import Wording
from bot.text.fault import DataError, Fault

ACCEPTED: Final = 0.95
"""Share of the lines in scope that are accepted where the out-of-scope recall is measured."""
INTENTS: Final = 25
UTTERANCES: Final = 10
SEEDS: Final = range(5)

Pair = tuple[str, str]
"""A text and its intent."""


@dataclass(frozen=True, slots=True)
class Split:
    """What is learned, what must be recognised, and what must be told to be none of it.

    `train` may hold lines out of scope, as a topic of their own.
    """

    name: str
    train: Sequence[Pair]
    test: Sequence[Pair]
    outside: Sequence[str]


@dataclass(frozen=True, slots=True)
class SplitScore:
    """`accuracy` of the lines in scope; `recall` of those out of scope where 95 % in scope are accepted."""

    name: str
    train: int
    test: int
    outside: int
    accuracy: float
    recall: float


@dataclass(frozen=True)
class PublicReport:
    """How the topic model did on each split of a public set."""

    file: str
    splits: Sequence[SplitScore]

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON values."""
        return {**asdict(self), **self._means()}

    def to_text(self) -> str:
        """One table."""
        head = ["split", "train", "test", "out of scope", "accuracy", "recall at 95 %"]
        rows = [
            [
                each.name,
                f"{each.train:,}",
                f"{each.test:,}",
                f"{each.outside:,}",
                tables.percent(each.accuracy),
                tables.percent(each.recall),
            ]
            for each in self.splits
        ]
        means = [tables.percent(value) for value in self._means().values()]
        return f"{self.file}\n\n{tables.table(head, [*rows, ['mean', '', '', '', *means]])}"

    def _means(self) -> Mapping[str, float]:
        return {
            "accuracy": mean(each.accuracy for each in self.splits),
            "recall": mean(each.recall for each in self.splits),
        }


def measure(name: str, path: Path) -> PublicReport:
    """Train and measure the topic model, without synonyms, on a set of `SETS`.

    Raises:
        DataError: The set cannot be read.
        WeightsError: The encoders' weights are missing or altered.
    """
    try:
        splits = list(SETS[name](path))
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = f"Give the {name} data as its authors publish it; docs/evaluation.md says how."
        fault = Fault(path, 0, f"is not {name} data: {type(error).__name__}", remedy)
        raise DataError((fault,)) from error
    with threadpool_limits(limits=1):
        return PublicReport(path.name, [_measured(split) for split in splits])


def _clinc(file: Path) -> Iterator[Split]:
    read = json.loads(file.read_text(encoding="utf-8"))
    train, test = ([(text, intent) for text, intent in read[part]] for part in ("train", "test"))
    strange = [(text, OUT_OF_SCOPE) for text, _ in read["oos_train"]]
    yield Split("150 intents", [*train, *strange], test, [text for text, _ in read["oos_test"]])


def _banking(folder: Path) -> Iterator[Split]:
    train, test = (_rows(folder / f"{part}.csv") for part in ("train", "test"))
    intents = sorted({intent for _, intent in train})
    for seed in SEEDS:
        # Reproducible, not secret.
        chance = random.Random(seed)  # noqa: S311
        chosen = sorted(chance.sample(intents, INTENTS))
        taught = [
            pair
            for intent in chosen
            for pair in chance.sample([each for each in train if each[1] == intent], UTTERANCES)
        ]
        inside = [pair for pair in test if pair[1] in chosen]
        outside = [text for text, intent in test if intent not in chosen]
        yield Split(f"seed {seed}", taught, inside, outside)


SETS: Final[Mapping[str, Callable[[Path], Iterator[Split]]]] = {"clinc": _clinc, "banking": _banking}


def _rows(file: Path) -> list[Pair]:
    with file.open(encoding="utf-8", newline="") as stream:
        return [(row["text"], row["category"]) for row in csv.DictReader(stream)]


def _measured(split: Split) -> SplitScore:
    texts, intents = zip(*split.train, strict=True)
    model = TopicModel.fit(
        shared(), [Example(intent, text) for text, intent in split.train], {}, _vectors(texts)
    )
    test_texts, expected = zip(*split.test, strict=True)
    topics = np.array(model.topics)
    intended = topics != OUT_OF_SCOPE
    inside, outside = (_scores(model, lines)[:, intended] for lines in (test_texts, split.outside))
    right = topics[intended][inside.argmax(axis=1)] == np.array(expected)
    threshold = np.quantile(inside.max(axis=1), 1 - ACCEPTED)
    return SplitScore(
        split.name,
        len(intents),
        len(expected),
        len(split.outside),
        float(right.mean()),
        float((outside.max(axis=1) < threshold).mean()),
    )


def _scores(model: TopicModel, texts: Sequence[str]) -> Floats:
    return model.scores(_vectors(texts), Wording({}).read_all(texts))


def _vectors(texts: Sequence[str]) -> Floats:
    """As the shared encoder makes them, but kept between runs."""
    read = Wording({}).read_all(texts)
    rows = [encode(name, read)[0] for name in ("MiniLM", "USE")]
    return np.asarray(np.hstack(rows) / np.sqrt(len(rows)), dtype=np.float32)
