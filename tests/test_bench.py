"""The benchmark's arithmetic and texts, and the project it makes for stock Rasa; nothing here is timed."""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import islice
from pathlib import Path

import psutil
import pytest
from ruamel.yaml import YAML

from bench import environment, stock_project
from bench.asks import OPENINGS, Ask, conversations, crises, questions
from bench.environment import Environment, describe, processor
from bench.figures import Load, Turn, at_turn, percentile
from bench.measuring import ColdStart, Depth
from bench.plan import FULL, QUICK
from bench.processes import BenchError, Memory, finished, running
from bench.processes import environment as child_environment
from bench.report import Measured, Report, Resident
from bench.sizes import Sizes, folder_bytes, locked
from bench.tables import table
from bot.cards import Cards
from bot.content import Content, load
from bot.messages import Level
from bot.risk import Screener
from bot.settings import ROOT

ENVIRONMENT = Environment(
    date="2026-11-23T10:00:00+00:00",
    revision="abc123",
    processor="Some CPU",
    cores="2",
    memory="8.0 GB",
    platform="Linux",
    python="CPython 3.11.7",
    packages="rasa 3.6.21",
)


@pytest.fixture(scope="module")
def content() -> Content:
    return load(ROOT / "data")


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([7.0], 99, 7.0),
        ([3.0, 1.0, 2.0, 4.0], 50, 2.0),
        ([float(n) for n in range(1, 101)], 95, 95.0),
        ([float(n) for n in range(1, 101)], 99, 99.0),
        ([float(n) for n in range(1, 11)], 99, 10.0),
    ],
)
def test_percentile_is_the_nearest_rank(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_load_counts_failed_turns_too() -> None:
    turns = [Turn(10.0, True), Turn(20.0, True), Turn(3_000.0, False), Turn(30.0, True)]
    load = Load.of("x", 2, turns, seconds=2.0, cpu_seconds=0.1)
    assert (load.turns, load.as_expected, load.p50, load.p99) == (4, 3, 20.0, 3_000.0)
    assert load.turns_per_second == 2.0
    assert load.cpu_ms == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, 5.0), (10, 9.0), (20, 19.0), (21, None)],
)
def test_at_turn_is_the_median_of_the_turns_up_to_it(number: int, expected: float | None) -> None:
    conversation = [float(n) for n in range(1, 21)]
    assert at_turn(number, [4.0, 5.0, 90.0], conversation, window=3) == expected


def test_table_aligns_figures_to_the_right() -> None:
    assert table("Title", ("name", "n", "ms"), [("a", 1_500, 2.345), ("longer", None, 10.0)]) == (
        "Title\nname        n    ms\n-------------------\na       1,500   2.3\nlonger      –  10.0"
    )


def test_environment_text_has_a_line_for_each_fact() -> None:
    lines = str(ENVIRONMENT).splitlines()
    assert lines[0] == "date:      2026-11-23T10:00:00+00:00"
    assert lines[2] == "processor: Some CPU"
    assert len(lines) == 8


def test_processor_is_read_from_linux_or_asked_of_python(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Fast One 9000\nmodel name\t: Fast One 9000\n")
    assert processor(cpuinfo) == "Fast One 9000"
    assert processor(tmp_path / "missing")


def test_revision_tells_of_uncommitted_changes() -> None:
    assert describe("abc\n", "") == "abc"
    assert describe("abc\n", " M file\n") == "abc with uncommitted changes"


async def test_environment_of_this_machine(tmp_path: Path) -> None:
    found = await environment.look(tmp_path)
    assert "rasa 3.6" in found.packages
    assert "onnxruntime" in found.packages
    assert found.python.startswith("CPython 3.11")
    assert found.revision


def test_locked_packages(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text(
        "# made by\naiohttp==3.14.5 \\\n    --hash=sha256:00\nuvicorn[standard]==1.0\n    # via x==1\n"
    )
    assert locked(lock) == ["aiohttp", "uvicorn"]


def test_folder_size_counts_a_hard_link_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(os.urandom(100_000))
    size = folder_bytes(tmp_path)
    assert size >= 100_000
    (tmp_path / "two").hardlink_to(tmp_path / "one")
    (tmp_path / "nowhere").symlink_to(tmp_path / "missing")
    assert folder_bytes(tmp_path) < size + 5_000


def test_questions_differ_and_expect_curated_answers(content: Content) -> None:
    asks = list(islice(questions(content), 500))
    assert len({ask.text for ask in asks}) == 500
    assert len({ask.expected for ask in asks}) > 1
    assert all(ask.expected for ask in asks)


def test_everybody_who_is_meant_to_be_in_danger_is_found_to_be(content: Content) -> None:
    screener = Screener.load(ROOT / "data" / "risk")
    asks = list(islice(crises(Cards(content), screener), 30))
    assert all(screener.screen(ask.text).level >= Level.CRISIS for ask in asks)
    assert all("988" in ask.expected for ask in asks)


def test_nobody_who_asks_is_found_to_be_in_danger(content: Content) -> None:
    screener = Screener.load(ROOT / "data" / "risk")
    asks = islice(questions(content), len(OPENINGS) * 8)
    assert all(screener.screen(ask.text).level is Level.NONE for ask in asks)


def test_turns_are_dealt_to_conversations() -> None:
    dealt = conversations(iter([Ask(str(n), "") for n in range(100)]), 12, each=5)
    assert [len(asks) for asks in dealt] == [5, 5, 2]


def test_conversations_stay_below_the_limit_of_the_api() -> None:
    # Above 30 messages a minute the engine is spared, and something else would be measured.
    assert max(FULL.turns_a_conversation, QUICK.turns_a_conversation) < 30


def test_stock_project_gives_every_faq_an_intent_a_rule_and_a_response(
    tmp_path: Path, content: Content
) -> None:
    stock_project.write(tmp_path, content, actions_port=5055)
    yaml = YAML(typ="safe")
    domain, nlu, rules, endpoints = (
        yaml.load((tmp_path / name).read_text(encoding="utf-8"))
        for name in ("domain.yml", "data/nlu.yml", "data/rules.yml", "endpoints.yml")
    )
    faqs = {name.replace("utter_faq/", "faq_") for name in content.responses if name.startswith("utter_faq/")}
    steps = [tuple(step for each in rule["steps"] for step in each.values()) for rule in rules["rules"]]
    assert faqs
    assert faqs <= set(domain["intents"])
    assert faqs <= {entry.get("intent") for entry in nlu["nlu"]}
    assert {(faq, f"utter_{faq}") for faq in faqs} <= set(steps)
    assert {f"utter_{faq}" for faq in faqs} <= domain["responses"].keys()
    assert ("crisis", "action_handoff") in steps
    assert not any("faq" in each for each in steps)
    assert domain["slots"]["clinic_phone"]["initial_value"] == content.clinic.values["clinic_phone"]
    assert endpoints["action_endpoint"]["url"] == "http://127.0.0.1:5055/webhook"


def test_children_get_a_key_of_their_own_and_none_of_the_callers_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HARBORLINE_DATABASE_URL", "sqlite+aiosqlite:///real.db")
    monkeypatch.setenv("HARBORLINE_KEYS", "the real one")
    made = child_environment({"HARBORLINE_PORT": "0"})
    assert "HARBORLINE_DATABASE_URL" not in made
    assert made["HARBORLINE_KEYS"] != "the real one"
    assert made["HARBORLINE_PORT"] == "0"


PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("up", flush=True)
time.sleep(60)
"""


async def test_no_process_outlives_the_benchmark(tmp_path: Path) -> None:
    family: list[psutil.Process] = []

    async def measure() -> None:
        async with running("sleeper", [sys.executable, "-c", PARENT], folder=tmp_path) as process:
            while "up" not in process.said():
                await asyncio.sleep(0.02)
            parent = psutil.Process(process.inner.pid)
            family.extend([parent, *parent.children()])
            raise BenchError("measurement failed")

    with pytest.raises(BenchError, match="measurement failed"):
        await measure()
    assert len(family) == 2
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not alive


async def test_a_command_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="no such model"):
        await finished("train", [sys.executable, "-c", "exit('no such model')"], folder=tmp_path, seconds=20)


def test_report_shows_every_table_and_totals() -> None:
    load = Load.of("stock Rasa", 1, [Turn(5.0, True)], seconds=1.0, cpu_seconds=0.004)
    measured = Measured(
        system="stock Rasa",
        round_trip=0.3,
        faq=[load],
        crisis=[load],
        depth=Depth("stock Rasa", {1: 5.0, 1_000: None}),
        cold_starts=[ColdStart(1.0, 2.0, 3.0), ColdStart(1.5, 2.5, 9.0)],
        memory=[
            Resident("run", Memory(100.0, 90.0), Memory(110.0, None)),
            Resident("actions", Memory(50.0, 40.0), Memory(55.0, 45.0)),
        ],
        training=12.0,
    )
    report = Report(ENVIRONMENT, (3.0, 40.0), Sizes(1, 2, 3.0, 4.0, 5.0, 6.0), [measured])
    rows = [line.split() for line in str(report).splitlines()]
    assert ["stock", "Rasa", "1", "1", "100.0", "%", "5.0", "5.0", "5.0", "1.0", "4.0"] in rows
    assert ["system", "turn", "1", "turn", "1,000"] in rows
    assert ["stock", "Rasa", "2", "1.25", "2.25", "6.00", "9.00"] in rows
    assert ["together", "150", "165", "130", "–"] in rows
    assert "run it again" in str(report)
    assert '"turns_per_second": 1.0' in report.to_json()
