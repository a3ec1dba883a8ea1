"""Comparing pipelines on a few invented topics; the sets are the tests' own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.evaluation.faq import FaqLine
from bot.evaluation.heads import HEADS, Features, temperature
from bot.evaluation.nlu_compare import compare
from bot.evaluation.nlu_data import Corpus
from bot.evaluation.pipelines import COMPARED, SHIPPED, TERMS, Pipeline
from bot.evaluation.public_sets import measure
from bot.nlu.topic_model import Example
from bot.text import DataError
from tests.evaluation.running import assert_refused, evaluate

TOPICS = {
    "parking": ["where do i park", "is parking free", "parking lot near the door", "can i leave my car"],
    "hours": ["when do you open", "what are your hours", "closing time today", "are you open on sunday"],
    "dose": ["how much do i take", "how many pills", "what dose for me", "how many mg at once"],
    "out_of_scope": ["who won the game", "tell me a joke", "weather tomorrow", "best pizza in town"],
}


@pytest.fixture
def corpus() -> Corpus:
    examples = [
        Example(topic, f"{text} {courtesy}", author)
        for author in "ab"
        for courtesy in ("please", "thank you", "today", "for me")
        for topic, texts in TOPICS.items()
        for text in (texts[:2] if author == "a" else texts[2:])
    ]
    lines = [
        FaqLine("1", "free parking?", "en", "parking"),
        FaqLine("2", "hours on sunday", "es", "hours"),
        FaqLine("3", "how many pills at once", "en", "dose"),
        FaqLine("4", "tell me who won", "en", "out_of_scope"),
    ]
    texts = [example.text for example in examples]
    return Corpus(examples, lines, texts, [line.text for line in lines], {"dose"})


def test_every_pipeline_of_the_table_runs(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.evaluation.vectors.FOLDER", tmp_path)
    table = compare(corpus, "lines", COMPARED)
    assert [row.pipeline for row in table.rows] == [pipeline.name for pipeline in COMPARED]
    assert [row.pipeline for row in table.rows if row.shipped] == [SHIPPED.name]
    assert table.rows[0].pipeline.startswith("stock Rasa")
    for row in table.rows:
        assert row.lines.top1 >= 0.5, row
        assert row.p50 > 0
        assert row.p99 >= row.p50
    assert len(table.to_text().splitlines()) == len(COMPARED) + 4
    assert len(list(tmp_path.glob("*.npz"))) == 3


def test_a_pipeline_that_knows_nothing_does_badly(corpus: Corpus) -> None:
    """Lines of topics that nobody taught: no row may look good on them."""
    strange = replace(corpus, lines=[replace(line, topic="unheard of") for line in corpus.lines])
    (row,) = compare(strange, "lines", [Pipeline((TERMS,), "logistic regression")]).rows
    assert row.lines.top1 == 0
    assert row.authors.top1 > 0


@pytest.mark.parametrize("name", HEADS)
def test_every_head_ranks_in_the_order_of_names(name: str) -> None:
    features = Features(np.repeat(np.eye(3, dtype=np.float32) * 3, 4, axis=0))
    head = HEADS[name](features, ["a"] * 4 + ["b"] * 4 + ["c"] * 4)
    assert head.logits(Features(np.eye(3, dtype=np.float32) * 3)).argmax(axis=1).tolist() == [0, 1, 2]


def test_calibration_makes_boastful_logits_modest() -> None:
    """Half of these certain guesses are wrong, so that certainty has to go."""
    logits = np.array([[20.0, 0.0]] * 10, dtype=np.float32)
    right = np.array([0, 1] * 5)
    assert temperature(logits, right) > 20


def test_public_sets(tmp_path: Path) -> None:
    file = tmp_path / "clinc.json"
    pairs = [[text, topic] for topic, texts in TOPICS.items() if topic != "out_of_scope" for text in texts]
    outside = [[text, "oos"] for text in TOPICS["out_of_scope"]]
    parts = {"train": pairs, "oos_train": [], "test": pairs, "oos_test": outside}
    file.write_text(json.dumps(parts), encoding="utf-8")
    report = measure("clinc", file)
    (split,) = report.splits
    assert (split.train, split.test, split.outside) == (12, 12, 4)
    assert split.accuracy == 1.0
    assert split.recall >= 0.75
    file.write_text(json.dumps({**parts, "oos_train": outside}), encoding="utf-8")
    (taught,) = measure("clinc", file).splits
    assert (taught.train, taught.accuracy, taught.recall) == (16, 1.0, 1.0)
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="is not clinc data"):
        measure("clinc", file)


def test_a_set_without_a_file_is_refused() -> None:
    assert_refused(evaluate("nlu", "--set", "clinc"), "needs the path")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert_refused(evaluate("nlu", tmp_path / "none.jsonl"), "none.jsonl", "cannot be read")
