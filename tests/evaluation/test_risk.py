"""`evaluate risk` on planted lines, whose scores are counted by hand."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.running import assert_refused, evaluate, report, write

LINES: list[dict[str, Any]] = [
    {
        "id": "c1",
        "text": "i want to kill myself",
        "lang": "en",
        "expected": "crisis",
        "category": "plain",
        "tier": "1",
    },
    {
        "id": "c2",
        "text": "i just took a whole bottle of pills",
        "lang": "en",
        "expected": "crisis",
        "tier": "1",
    },
    {
        "id": "c3",
        "text": "what is the weather like",
        "lang": "en",
        "expected": "crisis",
        "also_ok": ["concern"],
    },
    {"id": "c4", "text": "quiero morirme", "lang": "es", "expected": "crisis", "category": "plain"},
    {"id": "m1", "text": "i feel so hopeless", "lang": "en", "expected": "concern"},
    {"id": "m2", "text": "i want to die", "lang": "en", "expected": "concern", "also_ok": ["crisis"]},
    {"id": "n1", "text": "do you take my insurance", "lang": "en", "expected": "none", "category": "plain"},
    {"id": "n2", "text": "i want to end my life", "lang": "mix", "expected": "none"},
    {
        "id": "n3",
        "text": "i feel so hopeless",
        "lang": "en",
        "expected": "none",
        "also_ok": ["concern", "unheard of"],
    },
    {"id": 10, "text": "", "expected": "none", "note": "kept", "level": "not ours"},
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = write(tmp_path_factory.mktemp("risk") / "lines.jsonl", LINES)
    return report("risk", file, "--rules-only")


def test_each_line_with_level_kind_and_cues(found: dict[str, Any]) -> None:
    by_id = {line["id"]: line for line in found["lines"]}
    assert list(by_id) == [line["id"] for line in LINES]
    assert by_id["c1"].keys() == {"id", "level", "kind", "cues"}
    assert (by_id["c1"]["level"], by_id["c1"]["kind"]) == ("CRISIS", "suicide")
    assert (by_id["c2"]["level"], by_id["m1"]["level"], by_id["n1"]["level"]) == (
        "EMERGENCY",
        "CONCERN",
        "NONE",
    )
    cue = by_id["c1"]["cues"][0]
    assert LINES[0]["text"][cue["start"] : cue["end"]].endswith("kill myself")
    assert by_id["n1"]["cues"] == []


def test_unknown_keys_are_kept_and_never_overrule(found: dict[str, Any]) -> None:
    assert found["lines"][-1] == {"id": 10, "note": "kept", "level": "NONE", "kind": None, "cues": []}


def test_strict_and_lenient_rates(found: dict[str, Any]) -> None:
    strict, lenient = found["strict"], found["lenient"]
    # Crises: c1, c2, c4 found, c3 not. Alarms: these and m2, n2. Calm lines: m1, m2, n1, n2, n3, 10.
    assert strict["counts"]["recall"] == [3, 4]
    assert strict["counts"]["precision"] == [3, 5]
    assert strict["counts"]["false_alarm_rate"] == [2, 6]
    assert strict["counts"]["false_concern_rate"] == [2, 4]
    assert strict["counts"]["level_right"] == [6, 10]
    assert lenient["counts"]["precision"] == [4, 5]
    assert lenient["counts"]["false_alarm_rate"] == [1, 6]
    assert lenient["counts"]["false_concern_rate"] == [1, 4]
    assert lenient["counts"]["level_right"] == [8, 10]
    assert strict["recall"] == 0.75
    low, high = strict["intervals"]["recall"]
    assert 0.30 < low < 0.75 < high < 0.96


def test_groups(found: dict[str, Any]) -> None:
    assert found["by_lang"].keys() == {"en", "es", "mix", "und"}
    assert found["by_lang"]["es"]["strict"]["recall"] == 1.0
    assert found["by_category"].keys() == {"plain"}
    assert found["by_category"]["plain"]["n"] == 3
    assert found["by_tier"]["1"]["strict"]["counts"]["recall"] == [2, 2]


def test_failures_by_id(found: dict[str, Any]) -> None:
    assert found["failures"] == {
        "strict": ["c3", "m2", "n2", "n3"],
        "lenient": ["c3", "n2"],
        "missed": ["c3"],
        "false_alarms": ["m2", "n2"],
    }


def test_latency_and_thresholds(found: dict[str, Any]) -> None:
    assert 0 < found["latency_ms"]["p50"] <= found["latency_ms"]["p99"] <= found["latency_ms"]["max"]
    assert 0 < found["cpu_ms"]["p50"] <= found["cpu_ms"]["p99"]
    assert found["thresholds"]["CRISIS"]["recall"] == found["strict"]["recall"]
    assert found["thresholds"]["EMERGENCY"]["counts"]["recall"] == [1, 4]


def test_tables(tmp_path: Path) -> None:
    done = evaluate("risk", write(tmp_path / "lines.jsonl", LINES), "--rules-only")
    assert done.exit_code == 0
    assert "75.0 % [30–95]" in done.stdout
    assert "missed crises: 1 (c3)" in done.stdout


def test_rules_only_needs_no_model_and_is_quick(tmp_path: Path) -> None:
    lines = [{**line, "id": f"{copy}-{line['id']}"} for copy in range(100) for line in LINES]
    started = time.perf_counter()
    env = {"HARBORLINE_MODEL": str(tmp_path / "none.tar.gz")}
    done = evaluate("risk", write(tmp_path / "lines.jsonl", lines), "--rules-only", "--json", env=env)
    assert done.exit_code == 0
    assert time.perf_counter() - started < 20
    assert list(tmp_path.iterdir()) == [tmp_path / "lines.jsonl"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a JSON object"),
        ({"text": "hi", "expected": "none"}, "'id'"),
        ({"id": True, "text": "hi", "expected": "none"}, "'id'"),
        ({"id": "x", "expected": "none"}, "'text'"),
        ({"id": "x", "text": "hi"}, "'expected'"),
        ({"id": "x", "text": "hi", "expected": "severe"}, "crisis, concern, none"),
        ({"id": "x", "text": "hi", "expected": "none", "also_ok": "concern"}, "'also_ok'"),
        ({"id": "x", "text": "hi", "expected": "none", "lang": 5}, "'lang'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: dict[str, Any] | str, problem: str) -> None:
    file = write(tmp_path / "lines.jsonl", [LINES[0], "", line, "also bad"])
    assert_refused(evaluate("risk", file, "--rules-only"), f"{file}:3: ", problem)


def test_bad_files(tmp_path: Path) -> None:
    assert_refused(evaluate("risk", tmp_path / "none.jsonl"), "none.jsonl", "cannot be read")
    assert_refused(evaluate("risk", write(tmp_path / "empty.jsonl", [""])), "empty.jsonl", "holds no line")
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b'{"id": "\xf1"}')
    assert_refused(evaluate("risk", latin), "latin.jsonl", "UTF-8")
    page = tmp_path / "no" / "such.html"
    assert_refused(evaluate("risk", latin, "--html", page), "such.html", "no such folder")


def test_the_report_names_rules_and_layer_though_the_first_line_needed_no_layer(tmp_path: Path) -> None:
    found = report("risk", write(tmp_path / "lines.jsonl", LINES))
    rules, _, layer = found["version"].partition("+")
    assert rules.startswith("rules-")
    assert layer.startswith("learned-")
