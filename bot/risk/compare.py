"""Compares heads for the learned layer by the author left out: `python -m bot.risk.compare`.

A head reads everything but one author, then ranks that author's texts. Its figure is the recall of crises
at the score that 3 % (10 %) of the same author's near-misses reach. docs/adr/0008 holds the table.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from bot.encoders import shared
from bot.messages import Level
from bot.risk.examples import FOLDER, load_examples
from bot.risk.fitting import Material, prepare
from bot.risk.machine import PENALTY, TERMS, meaning_kernel
from bot.risk.ordinary import LIST, chosen_talk
from bot.risk.screen import Screener

RISK: Final = Path(__file__).resolve().parents[2] / "data" / "risk"
ALARMS: Final = (0.03, 0.10)
SEED: Final = 0
MINILM: Final = 384

Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Head = Callable[["Bench", Rows, Rows], Floats]


@dataclass(frozen=True)
class Bench:
    """The texts, what the rules say of them, and kernels that are computed once for all folds."""

    material: Material
    rules: Floats

    @property
    def crisis(self) -> NDArray[np.bool_]:
        """Which rows are crises."""
        return np.asarray(self.material.answers[:, 0])

    @cached_property
    def meaning(self) -> Floats:
        """The kernel of the sentence vectors."""
        return meaning_kernel(self.material.meaning, self.material.meaning)

    @cached_property
    def counted(self) -> Floats:
        """The kernel of the n-grams."""
        terms = self.material.terms
        return np.asarray((terms @ terms.T).toarray() * TERMS, dtype=np.float32)

    @cached_property
    def whole(self) -> Floats:
        """Both together."""
        return np.asarray(self.meaning + self.counted, dtype=np.float32)

    @cached_property
    def stacked(self) -> Floats:
        """Both, and what the rules found."""
        return np.asarray(self.whole + self.rules @ self.rules.T / 2, dtype=np.float32)


def _linear(features: Callable[[Material], csr_matrix]) -> Head:
    def head(bench: Bench, read: Rows, unread: Rows) -> Floats:
        matrix = csr_matrix(features(bench.material))
        fitted = LogisticRegression(C=10, max_iter=300).fit(matrix[read], bench.crisis[read])
        return np.asarray(fitted.decision_function(matrix[unread]), dtype=np.float32)

    return head


def _machine(kernel: Callable[[Bench], Floats]) -> Head:
    def head(bench: Bench, read: Rows, unread: Rows) -> Floats:
        return _separated(kernel(bench), bench.crisis, read, unread)

    return head


def _separated(kernel: Floats, answers: NDArray[np.bool_], read: Rows, unread: Rows) -> Floats:
    fitted = SVC(kernel="precomputed", C=PENALTY, cache_size=500)
    fitted.fit(kernel[np.ix_(read, read)], answers[read])
    return np.asarray(fitted.decision_function(kernel[np.ix_(unread, read)]), dtype=np.float32)


def _nearest(bench: Bench, read: Rows, unread: Rows) -> Floats:
    """How much nearer the five nearest crises are than the five nearest others."""
    likeness, danger = bench.meaning[np.ix_(unread, read)], bench.crisis[read]
    sides = (np.sort(likeness[:, side], axis=1)[:, -5:].mean(axis=1) for side in (danger, ~danger))
    near, far = sides
    return np.asarray(near - far, dtype=np.float32)


def _perceptron(bench: Bench, read: Rows, unread: Rows) -> Floats:
    rows = bench.material.meaning * np.sqrt(2)
    fitted = MLPClassifier((64,), alpha=0.01, max_iter=15, batch_size=128, random_state=SEED)
    fitted.fit(rows[read], bench.crisis[read])
    chances = fitted.predict_proba(rows[unread])[:, 1]
    return np.asarray(np.log(chances + 1e-9) - np.log(1 - chances + 1e-9), dtype=np.float32)


def _two_steps(bench: Bench, read: Rows, unread: Rows) -> Floats:
    """First whether it is at least a concern, then among those whether it is a crisis: the lower score."""
    worry = np.asarray(bench.material.answers[:, 1])
    first = _separated(bench.whole, worry, read, unread)
    second = _separated(bench.whole, bench.crisis, read[worry[read]], unread)
    return np.minimum(first, second)


HEADS: Final[Mapping[str, Head]] = {
    "MiniLM, logistic regression": _linear(lambda m: csr_matrix(m.meaning[:, :MINILM] * 2)),
    "both encoders, logistic regression": _linear(lambda m: csr_matrix(m.meaning * np.sqrt(2))),
    "n-grams, logistic regression": _linear(lambda m: m.terms),
    "encoders and n-grams, logistic regression": _linear(
        lambda m: hstack([csr_matrix(m.meaning * 2), m.terms], format="csr")
    ),
    "encoders, nearest examples": _nearest,
    "encoders, perceptron with one hidden layer": _perceptron,
    "encoders, SVM": _machine(lambda bench: bench.meaning),
    "n-grams, SVM": _machine(lambda bench: bench.counted),
    "encoders and n-grams, SVM in two steps": _two_steps,
    "encoders, n-grams and the rules' cues, SVM": _machine(lambda bench: bench.stacked),
    "encoders and n-grams, SVM": _machine(lambda bench: bench.whole),
}


def left_out(bench: Bench, head: Head) -> Iterator[tuple[str, Rows, Floats]]:
    """Each author who wrote crises, the author's rows, and their scores by a head that read the rest."""
    authors = bench.material.authors
    for author in sorted(set(authors[bench.crisis])):
        unread = np.flatnonzero(authors == author)
        yield author, unread, head(bench, np.flatnonzero(authors != author), unread)


def recall(bench: Bench, rows: Rows, scores: Floats, alarms: float) -> float:
    """The part of the crises above the score that so many of the rows without danger reach."""
    calm = ~bench.material.answers[rows, 1]
    line = np.sort(scores[calm])[::-1][int(alarms * calm.sum())]
    return float((scores[bench.crisis[rows]] > line).mean())


def load() -> Bench:
    """The texts of this checkout, with what its rules say of them."""
    examples, ordinary = load_examples(RISK / FOLDER), chosen_talk(RISK / LIST)
    _, material = prepare(shared(), examples, ordinary)
    screener = Screener.load(RISK)
    found = [screener.screen(text) for text in (*(each.text for each in examples), *ordinary)]
    signs = sorted({(cue.rule.split(".")[0], cue.level) for risk in found for cue in risk.cues})
    rules = np.zeros((len(found), len(signs) + len(Level)), dtype=np.float32)
    for row, risk in zip(rules, found, strict=True):
        row[len(signs) + risk.level] = float(risk.level > Level.NONE)
        for cue in risk.cues:
            row[signs.index((cue.rule.split(".")[0], cue.level))] = 1
    return Bench(material, rules / np.maximum(1, np.linalg.norm(rules, axis=1, keepdims=True)))


def main() -> None:
    """Print the table: a row for each head, its mean over authors, then each author at 3 %."""
    bench = load()
    authors = sorted(set(bench.material.authors[bench.crisis]))
    _say(f"| head | {ALARMS[0]:.0%} | {ALARMS[1]:.0%} | {' | '.join(authors)} |")
    _say("|---|" + "---|" * (len(authors) + len(ALARMS)))
    for name, head in HEADS.items():
        began = time.monotonic()
        results = list(left_out(bench, head))
        rates = [[recall(bench, rows, scores, alarms) for _, rows, scores in results] for alarms in ALARMS]
        means = " | ".join(f"{np.mean(each):.2f}" for each in rates)
        _say(f"| {name} | {means} | {' | '.join(f'{rate:.2f}' for rate in rates[0])} |")
        sys.stderr.write(f"{name}: {time.monotonic() - began:.0f} s\n")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
