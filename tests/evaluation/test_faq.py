"""`evaluate faq` on planted lines, through the whole program with the trained model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.content import load as load_content
from bot.content import stamp
from bot.evaluation.faq import must_not_answer
from bot.settings import ROOT
from tests.evaluation.running import assert_refused, evaluate, report, write

pytest_plugins = ["tests.fixtures.models"]

LINES: list[dict[str, Any]] = [
    {
        "id": "right",
        "text": "can you get hooked on k?",
        "lang": "en",
        "topic": "is_addictive",
        "ambiguous_ok": [],
    },
    {"id": "es", "text": "¿Qué es la ketamina?", "lang": "es", "topic": "what_is_ketamine"},
    {
        "id": "fair",
        "text": "what damage can ketamine do to me",
        "topic": "no_such_topic",
        "ambiguous_ok": ["risks"],
    },
    {
        "id": "wrong",
        "text": "do you take my insurance",
        "lang": "en",
        "topic": "a_topic_of_others",
        "seen": 3,
    },
    {"id": "self", "text": "are you a robot", "lang": "en", "topic": "bot_identity"},
    {"id": "far", "text": "how do i fix a bicycle chain", "lang": "mix", "topic": "out_of_scope"},
    {"id": "leak", "text": "what is ketamine", "lang": "en", "topic": "out_of_scope"},
    {
        "id": "danger",
        "text": "i want to kill myself, what are the risks of ketamine",
        "lang": "en",
        "topic": "risks",
    },
    {
        "id": "both",
        "text": "i feel so hopeless, is ketamine addictive",
        "lang": "en",
        "topic": "is_addictive",
    },
    {"id": "alone", "text": "i feel so hopeless", "lang": "en", "topic": "out_of_scope"},
    {"id": "empty", "text": "", "lang": "en", "topic": "out_of_scope"},
    {"id": "/slash", "text": "/restart", "lang": "pt", "topic": "out_of_scope"},
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, real_model: Path) -> dict[str, Any]:
    return report("faq", write(tmp_path_factory.mktemp("faq") / "lines.jsonl", LINES))


@pytest.fixture(scope="module")
def by_id(found: dict[str, Any]) -> dict[str, Any]:
    return {line["id"]: line for line in found["lines"]}


def test_every_line_in_order_with_its_keys(found: dict[str, Any]) -> None:
    assert [line["id"] for line in found["lines"]] == [line["id"] for line in LINES]
    assert found["lines"][0].keys() == {"id", "topic", "candidates", "outcome", "confidence"}
    assert found["lines"][3]["seen"] == 3


@pytest.mark.parametrize(
    ("id_", "topic", "outcome"),
    [
        ("right", "is_addictive", "answered"),
        ("es", "what_is_ketamine", "answered"),
        ("fair", "risks", "answered"),
        ("self", "bot_identity", "answered"),
        ("far", "out_of_scope", "declined"),
        ("danger", "crisis", "safety"),
        ("both", "is_addictive", "answered"),
    ],
)
def test_topic_and_outcome(by_id: dict[str, Any], id_: str, topic: str, outcome: str) -> None:
    assert (by_id[id_]["topic"], by_id[id_]["outcome"]) == (topic, outcome)


def test_a_check_in_alone_is_safety(by_id: dict[str, Any]) -> None:
    assert by_id["alone"]["outcome"] == "safety"


def test_candidates_are_three_topics_whatever_became_of_the_line(by_id: dict[str, Any]) -> None:
    for id_ in by_id.keys() - {"empty"}:
        candidates = by_id[id_]["candidates"]
        assert len(set(candidates)) == 3
        assert not {"out_of_scope", "nlu_fallback", "crisis"} & set(candidates)
        assert 0 < by_id[id_]["confidence"] <= 1
    assert by_id["danger"]["candidates"][0] == "risks"
    assert by_id["empty"]["candidates"] == []


def test_rates(found: dict[str, Any]) -> None:
    # In scope: right, es, fair, wrong, self, danger, both.
    assert found["counts"]["top1"] == [6, 7]
    assert found["counts"]["answered_right"] == [5, 7]
    assert found["counts"]["answered_wrong"] == [1, 7]
    assert found["counts"]["safety"] == [1, 7]
    assert found["top1"] == pytest.approx(6 / 7)
    assert found["asked_back"] == found["declined"] == 0
    assert found["counts"]["out_of_scope_rejected"][1] == 5
    assert found["counts"]["must_not_answer_caught"] == [0, 0]
    assert found["must_not_answer_caught"] is None
    assert {"wrong", "leak", "danger"} <= set(found["failures"])
    assert not {"right", "es", "fair", "far", "both", "alone"} & set(found["failures"])


def test_groups_and_latency(found: dict[str, Any]) -> None:
    assert found["by_lang"].keys() == {"en", "es", "mix", "pt", "und"}
    assert found["by_lang"]["es"]["answered_right"] == 1.0
    assert found["by_topic"]["is_addictive"]["counts"]["answered_right"] == [2, 2]
    assert found["by_topic"]["out_of_scope"]["top1"] is None
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p99"]


def test_must_not_answer_topics_are_those_the_content_refuses(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    file = data / "responses" / "risks.yml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("kind: answer", "kind: refusal", 1), encoding="utf-8")
    stamp(data, "risks")
    before, after = must_not_answer(load_content(ROOT / "data")), must_not_answer(load_content(data))
    assert "risks" not in before
    assert after == before | {"risks"}


def test_tables(tmp_path: Path, real_model: Path) -> None:
    done = evaluate("faq", write(tmp_path / "lines.jsonl", LINES[:2]))
    assert done.exit_code == 0
    assert "right" in done.stdout
    assert "100.0 % [34–100]" in done.stdout


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"id": "x", "text": "hi"}, "'topic'"),
        ({"id": "x", "topic": "risks"}, "'text'"),
        ({"id": "x", "text": "hi", "topic": "risks", "ambiguous_ok": [1]}, "'ambiguous_ok'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: dict[str, Any], problem: str) -> None:
    file = write(tmp_path / "lines.jsonl", [LINES[0], line])
    assert_refused(evaluate("faq", file), f"{file}:2: ", problem)
