from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.encoders import shared
from bot.nlu.topic_model import Example, TopicModel
from bot.nlu.validation import Estimate, cross_validate
from bot.nlu.wording import Wording

EXAMPLES = [
    Example(topic, text)
    for topic, texts in {
        "opening": [
            "when do you open",
            "opening hours",
            "are you open today",
            "what time do you open",
            "open now?",
        ],
        "price": [
            "how much is a ticket",
            "ticket price",
            "what does it cost",
            "cost of entry",
            "is it expensive",
        ],
        "out_of_scope": ["who won the match", "tell me a joke", "my knee hurts", "asdf", "sing a song"],
    }.items()
    for text in texts
]
SYNONYMS = {"tix": "ticket"}


@pytest.fixture(scope="module")
def model() -> TopicModel:
    return TopicModel.fit(shared(), EXAMPLES, SYNONYMS)


@pytest.mark.parametrize(
    ("text", "topic"),
    [("at what hour does it open", "opening"), ("¿cuánto cuesta la entrada?", "price"), ("tix?", "price")],
)
def test_ranks_the_topic_first(model: TopicModel, text: str, topic: str) -> None:
    ranking = model.rank(text)
    assert ranking[0].topic == topic
    assert {each.topic for each in ranking} == {"opening", "price", "out_of_scope"}
    assert [each.confidence for each in ranking] == sorted(
        (each.confidence for each in ranking), reverse=True
    )
    assert all(0 <= each.confidence <= 1 for each in ranking)


@pytest.mark.parametrize("text", ["", "  ", "👍", "!!!", "\u200b", "…"])
def test_nothing_to_read_has_no_topic(model: TopicModel, text: str) -> None:
    assert model.rank(text) == ()


def test_unlike_everything_scores_low(model: TopicModel) -> None:
    """The regression alone must always choose; the nearest example says that it is far away."""
    assert model.rank("mitochondria fold their inner membranes")[0].confidence < 0.3


def test_saved_and_loaded_ranks_the_same(model: TopicModel, tmp_path: Path) -> None:
    model.save(tmp_path)
    loaded = TopicModel.load(tmp_path, shared())
    for text in ("when open", "ticket cost please", "xyzzy", "¿a qué hora abren?"):
        for ours, theirs in zip(model.rank(text), loaded.rank(text), strict=True):
            assert ours.topic == theirs.topic
            assert ours.confidence == pytest.approx(theirs.confidence, abs=1e-3)
    assert not [file for file in tmp_path.iterdir() if b"sklearn" in file.read_bytes()]  # no pickles


@pytest.mark.parametrize("name", ["topics.json", "terms.json", "arrays.npz"])
def test_damaged_files_are_refused(model: TopicModel, tmp_path: Path, name: str) -> None:
    model.save(tmp_path)
    (tmp_path / name).write_bytes(b"damage")
    with pytest.raises((ValueError, OSError, KeyError)):
        TopicModel.load(tmp_path, shared())


def test_same_examples_give_the_same_model_whatever_the_hash_seed() -> None:
    program = (
        "from tests.nlu.test_topic_model import EXAMPLES, SYNONYMS; from bot.encoders import shared;"
        "from bot.nlu.topic_model import TopicModel;"
        "print(TopicModel.fit(shared(), EXAMPLES, SYNONYMS).rank('when is it open'))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


def test_two_topics_have_both_probabilities() -> None:
    model = TopicModel.fit(shared(), [each for each in EXAMPLES if each.topic != "price"], {})
    opening, other = model.rank("when do you open")
    assert opening.topic == "opening"
    assert opening.confidence > 0.5 > other.confidence


def estimate(examples: list[Example], refusals: tuple[str, ...] = ()) -> Estimate:
    vectors = shared().encode(Wording(SYNONYMS).read_all(each.text for each in examples))
    return cross_validate(shared(), examples, SYNONYMS, vectors, refusals)


def test_cross_validation_finds_thresholds() -> None:
    found = estimate(EXAMPLES)
    assert 0 < found.thresholds.ask <= found.thresholds.answer < 1
    assert found.right + found.wrong + found.asked + found.declined == pytest.approx(1, abs=1e-3)
    assert found.right > found.wrong


def test_each_author_is_held_out_where_authors_are_known() -> None:
    """The second author alone writes of prices, so nobody else's examples can teach them."""
    two = [replace(each, author="two" if each.topic == "price" else "one") for each in EXAMPLES]
    two += [Example("opening", "hours please", "two"), Example("out_of_scope", "what is love", "two")]
    assert estimate(two).right < estimate(EXAMPLES).right


def test_what_must_not_be_answered_is_counted_apart() -> None:
    found = estimate(EXAMPLES, refusals=(EXAMPLES[0].topic,))
    assert found.caught > 0.5


def test_cross_validation_needs_an_example_for_each_fold() -> None:
    with pytest.raises(ValueError, match="n_splits"):
        estimate([EXAMPLES[0], EXAMPLES[5], EXAMPLES[10]])
