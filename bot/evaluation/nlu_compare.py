"""Comparing pipelines: by authors left out, on judged lines, and by what they cost."""

from __future__ import annotations

import pickle
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from bot.evaluation import tables
from bot.evaluation.heads import temperature
from bot.evaluation.nlu_data import NO_TOPICS, Corpus
from bot.evaluation.pipelines import SHIPPED, STOCK, Fitted, Pipeline, fit, scores
from bot.evaluation.vectors import Floats, encode, encoder, weights
from bot.nlu.validation import HeldOut, choose, folds, judged
from bot.rates import percentile

TIMED: Final = 100
"""Lines on which the latency is measured."""
MEGABYTE: Final = 1e6
IMPOSSIBLE: Final = np.float32(-1e3)
"""The logit of a topic that a fold has never seen: only one author may have written about it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Shares in [0, 1]: top1 and top3 before any threshold, the others after the decision."""

    top1: float
    top3: float
    right: float
    wrong: float
    asked: float
    rejected: float
    caught: float
    spanish_top1: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A pipeline and how it did. Latency in milliseconds of processor time, memory in MB, training in s."""

    pipeline: str
    shipped: bool
    authors: Judged
    lines: Judged
    p50: float
    p99: float
    memory: float
    training: float


@dataclass(frozen=True)
class Comparison:
    """All rows."""

    file: str
    examples: int
    lines: int
    rows: Sequence[Row]

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain JSON values."""
        return asdict(self)

    def to_text(self) -> str:
        """One table."""
        said = (
            f"{self.examples:,} examples; A: each author's held out in turn. {self.lines:,} lines of "
            f"{self.file}, trained on all: L. Thresholds and calibration from A. * is shipped."
        )
        return f"{said}\n\n{tables.table(_HEAD, [_cells(row) for row in self.rows])}"


_HEAD: Final = (
    *("pipeline", "A top 1", "A top 3", "A wrong", "A out of scope", "A must-not", "L top 1", "L top 3"),
    *("L right", "L wrong", "L asked", "L out of scope", "L must-not", "L Spanish", "p50 ms", "p99 ms", "MB"),
    "train s",
)


def _cells(row: Row) -> list[str]:
    authors, lines = row.authors, row.lines
    shares = (
        *(authors.top1, authors.top3, authors.wrong, authors.rejected, authors.caught),
        *(lines.top1, lines.top3, lines.right, lines.wrong, lines.asked, lines.rejected, lines.caught),
        lines.spanish_top1,
    )
    costs = (f"{row.p50:.1f}", f"{row.p99:.1f}", f"{row.memory:.0f}", f"{row.training:.0f}")
    shown = ["–" if share is None else f"{share * 100:.1f}" for share in shares]
    return [f"{'*' if row.shipped else ''}{row.pipeline}", *shown, *costs]


def compare(corpus: Corpus, file: str, pipelines: Sequence[Pipeline], *, jobs: int = 1) -> Comparison:
    """Measure each pipeline; the vectors are computed once.

    Args:
        corpus: What to learn from and to be judged on.
        file: The name of the judged lines.
        pipelines: Which to compare.
        jobs: Processes at a time, each with one thread.

    Raises:
        WeightsError: The encoders' weights are missing or altered.
    """
    names = {name for pipeline in pipelines for name in pipeline.encoders}
    texts = [*corpus.texts, *corpus.line_texts]
    vectors = {name: encode(name, texts) for name in sorted(names)}
    rows = Parallel(n_jobs=jobs)(delayed(_row)(pipeline, corpus, vectors) for pipeline in pipelines)
    return Comparison(file, len(corpus.examples), len(corpus.lines), rows)


def _row(pipeline: Pipeline, corpus: Corpus, encoded: Mapping[str, tuple[Floats, float]]) -> Row:
    count = len(corpus.examples)
    own = [encoded[name][0][:count] for name in pipeline.encoders]
    theirs = [encoded[name][0][count:] for name in pipeline.encoders]
    labels = corpus.labels
    topics = np.unique(labels)
    with threadpool_limits(limits=1):
        logits, nearness = _held_out(pipeline, corpus, own, topics)
        heat = _calibrated(logits, np.searchsorted(topics, labels)) if pipeline != SHIPPED else 1.0
        unseen = _scaled(logits, nearness, heat)
        fits = labels[:, np.newaxis] == topics
        left_out = judged(unseen, topics, labels, fits, corpus.refusals)
        thresholds = choose(left_out)
        started = time.process_time()
        fitted = fit(pipeline, own, corpus.texts, labels)
        training = time.process_time() - started
        scored = scores(pipeline, fitted, theirs, fitted.logits(theirs, corpus.line_texts), heat)
        latencies = _latencies(pipeline, fitted, corpus, heat)
    line_labels = np.array([line.topic for line in corpus.lines])
    line_fits = corpus.fits(topics)
    on_lines = judged(scored, topics, line_labels, line_fits, corpus.refusals)
    spanish = np.array([line.lang == "es" for line in corpus.lines])
    return Row(
        pipeline.name,
        pipeline == SHIPPED,
        _rates(left_out, left_out.outcomes(thresholds), unseen, topics, fits),
        _rates(on_lines, on_lines.outcomes(thresholds), scored, topics, line_fits, spanish),
        percentile(latencies, 50) or 0.0,
        percentile(latencies, 99) or 0.0,
        _memory(pipeline, fitted),
        training + sum(encoded[name][1] * count / len(encoded[name][0]) for name in pipeline.encoders),
    )


def _held_out(
    pipeline: Pipeline, corpus: Corpus, vectors: Sequence[Floats], topics: NDArray[np.str_]
) -> tuple[Floats, Floats]:
    """Logits and nearness of every example, from pipelines that have seen nothing by its author."""
    labels = corpus.labels
    logits = np.full((len(labels), len(topics)), IMPOSSIBLE, dtype=np.float32)
    nearness = np.zeros_like(logits)
    for seen, unseen in folds(corpus.texts, labels, [each.author for each in corpus.examples]):
        fitted = fit(
            pipeline, [each[seen] for each in vectors], [corpus.texts[at] for at in seen], labels[seen]
        )
        columns = np.ix_(unseen, np.searchsorted(topics, np.unique(labels[seen])))
        held = [each[unseen] for each in vectors]
        logits[columns] = fitted.logits(held, [corpus.texts[at] for at in unseen])
        nearness[columns] = fitted.nearness(held) if pipeline.nearest else 1.0
    return logits, nearness


def _calibrated(logits: Floats, right: NDArray[np.int64]) -> float:
    known = logits[np.arange(len(right)), right] > IMPOSSIBLE
    return temperature(logits[known], right[known])


def _scaled(logits: Floats, nearness: Floats, heat: float) -> Floats:
    shifted = np.exp((logits - logits.max(axis=1, keepdims=True)) / heat)
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True) * nearness, dtype=np.float32)


def _rates(
    held: HeldOut,
    outcomes: tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]],
    scored: Floats,
    topics: NDArray[np.str_],
    fits: NDArray[np.bool_],
    spanish: NDArray[np.bool_] | None = None,
) -> Judged:
    _, answered, asked = outcomes
    candidates = np.where(np.isin(topics, list(NO_TOPICS)), np.float32(-1), scored)
    order = np.argsort(-candidates, axis=1)
    found = np.take_along_axis(fits, order[:, :3], axis=1)
    inside = held.inside
    return Judged(
        top1=_share(found[:, 0], inside),
        top3=_share(np.asarray(found.any(axis=1)), inside),
        right=_share(answered & held.right, inside),
        wrong=_share(answered & ~held.right, inside),
        asked=_share(asked, inside),
        rejected=_share(~answered, held.outside),
        caught=_share(~answered & ~asked, held.forbidden),
        spanish_top1=None if spanish is None else _share(found[:, 0], inside & spanish),
    )


def _share(marks: NDArray[np.bool_], of: NDArray[np.bool_]) -> float:
    return round(float((marks & of).sum() / max(int(of.sum()), 1)), 4)


def _latencies(pipeline: Pipeline, fitted: Fitted, corpus: Corpus, heat: float) -> list[float]:
    """Milliseconds of processor time from a text to its scores, one after the other."""
    taken = []
    for text in ["hello", *corpus.line_texts[:: max(len(corpus.line_texts) // TIMED, 1)]]:
        started = time.thread_time()
        vectors = [encoder(name).encode([text]) for name in pipeline.encoders]
        scores(pipeline, fitted, vectors, fitted.logits(vectors, [text]), heat)
        taken.append((time.thread_time() - started) * 1000)
    return taken[1:]


def _memory(pipeline: Pipeline, fitted: Fitted) -> float:
    """The encoders' weights and what was learned, as they are stored; libraries are not counted."""
    files = sum(file.stat().st_size for name in pipeline.encoders for file in weights(name))
    learned = 0 if STOCK in pipeline.features else len(pickle.dumps(fitted))
    return (files + learned) / MEGABYTE
