"""The comparison with other detectors: how they are asked and read, and the table. Nothing is installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.peers import installing
from bench.peers.__main__ import main, read_parts
from bench.peers.asking import Answer, Asked, ask, read
from bench.peers.catalogue import PEERS, Peer
from bench.peers.keywords import WORDS
from bench.peers.published import READERS
from bench.peers.report import Column, Comparison
from bench.peers.scores import ALARMS, FOUND, MET, NEEDLESS, Part, rows
from bot.evaluation.risk import LEVELS, RiskLine
from bot.settings import ROOT
from tests.test_bench import ENVIRONMENT

WORDS_OF_THE_FAKE = {"loud": "crisis", "soft": "concern", "still": "none"}
FAKE = """
import json, os, sys, time
print(json.dumps({"version": "1.2"}), flush=True)
for row in sys.stdin:
    line = json.loads(row)
    text = line["text"]
    if text == "crash":
        os.abort()
    if text == "hang":
        time.sleep(60)
    if text == "babble":
        print("my own log line about " + text, flush=True)
        continue
    if text == "fail":
        print(json.dumps({"n": line["n"], "error": "ValueError"}), flush=True)
        continue
    print(json.dumps({"n": line["n"], "found": text, "ms": 2.0, "cpu_ms": 1.0}), flush=True)
"""


@pytest.fixture
def fake(tmp_path: Path) -> list[str]:
    script = tmp_path / "fake.py"
    script.write_text(FAKE, encoding="utf-8")
    return [sys.executable, "-S", str(script)]


async def asked(fake: Sequence[str], tmp_path: Path, *texts: str, seconds: float = 20) -> Asked:
    return await ask(fake, WORDS_OF_THE_FAKE, texts, tmp_path, start_seconds=seconds)


def levels(found: Asked) -> dict[int, str]:
    return {number: answer.level for number, answer in found.answers.items()}


async def test_answers_are_read_as_our_levels(fake: list[str], tmp_path: Path) -> None:
    found = await asked(fake, tmp_path, "loud", "soft", "still")
    assert (found.version, found.trouble) == ("1.2", ())
    assert levels(found) == {0: "crisis", 1: "concern", 2: "none"}
    assert found.answers[0] == Answer("crisis", ms=2.0, cpu_ms=1.0)


async def test_a_crash_keeps_the_answers_before_it_and_is_told(fake: list[str], tmp_path: Path) -> None:
    found = await asked(fake, tmp_path, "loud", "crash", "loud")
    assert levels(found) == {0: "crisis"}
    assert list(found.trouble) == ["ended with -6 after 1 of 3 lines"]


async def test_one_that_hangs_is_stopped_and_told(fake: list[str], tmp_path: Path) -> None:
    found = await asked(fake, tmp_path, "loud", "hang", seconds=1.0)
    assert levels(found) == {0: "crisis"}
    assert list(found.trouble) == ["was stopped: more than 1.5 s, after 1 of 2 lines"]


async def test_what_is_no_answer_is_counted_and_not_quoted(fake: list[str], tmp_path: Path) -> None:
    found = await asked(fake, tmp_path, "fail", "fail", "babble", "loud")
    assert levels(found) == {3: "crisis"}
    assert list(found.trouble) == [
        "failed with ValueError (2×)",
        "wrote a line that is no answer (1×)",
    ]


async def test_a_word_without_a_level_is_told(fake: list[str], tmp_path: Path) -> None:
    found = await asked(fake, tmp_path, "purple")
    assert list(found.trouble) == ["said something that has no level here (1×)"]


async def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = await ask([sys.executable, "-c", "import not_there"], {}, ["a"], tmp_path)
    (said,) = broken.trouble
    assert said == "ended with 1 after 0 of 1 lines: ModuleNotFoundError: No module named 'not_there'"
    absent = await ask([str(tmp_path / "absent")], {}, ["a"], tmp_path)
    assert list(absent.trouble) == ["did not start (No such file or directory) after 0 of 1 lines"]


@pytest.mark.parametrize("row", ["", "{", "[]", "3", '{"n": 0}', '{"n": "x", "found": "loud"}'])
def test_any_output_can_be_read(row: str) -> None:
    assert read(row, WORDS_OF_THE_FAKE).answers == {}


async def test_no_setting_of_the_clinic_reaches_a_peer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARBORLINE_KEYS", "secret")
    seen = "import os, json; print(json.dumps({'version': [n for n in os.environ if n.startswith('HARB')]}))"
    assert (await ask([sys.executable, "-c", seen], {}, [], tmp_path)).version == "[]"


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_word_of_a_peer_has_one_of_our_levels(peer: Peer) -> None:
    assert set(peer.levels.values()) <= set(LEVELS)
    assert "crisis" in peer.levels.values()


def test_every_published_peer_is_pinned_and_has_a_reader() -> None:
    published = [peer for peer in PEERS if peer.distribution is not None]
    assert {peer.distribution for peer in published} == set(READERS)
    assert all(peer.requirement and "==" in peer.requirement for peer in published)
    assert all(peer.command(Path("there/python"))[0] == "there/python" for peer in published)


async def test_the_keywords_need_nothing_but_python(tmp_path: Path) -> None:
    (peer,) = (peer for peer in PEERS if peer.name == "keywords")
    python, *arguments = peer.command(Path("unused"))
    # Without site packages: as bare as the environment of a peer.
    found = await ask(
        [python, "-S", *arguments], peer.levels, ["I want to KILL myself", "skill myself"], tmp_path
    )
    assert (levels(found), found.trouble) == ({0: "crisis", 1: "none"}, ())
    assert len(WORDS) == 25


async def test_our_rules_are_asked_like_the_others(tmp_path: Path) -> None:
    (peer,) = (peer for peer in PEERS if peer.name == "our rules")
    texts = ["i want to kill myself", "i took all my pills just now", "what does it cost", "i feel hopeless"]
    found = await ask(peer.command(Path("unused")), peer.levels, texts, tmp_path)
    assert levels(found) == {0: "crisis", 1: "crisis", 2: "none", 3: "concern"}
    assert found.version.startswith("rules-")


async def test_a_peer_that_cannot_be_installed_is_left_out_with_a_word(tmp_path: Path) -> None:
    (first, *_) = PEERS
    missing = await installing.install([first], tmp_path / "no" / "python", tmp_path)
    assert list(missing) == [first.name]
    assert missing[first.name].startswith("not installed: ")


TALKATIVE = """
from bench.peers.loop import serve
def read(text):
    print("reading", text)
    if text == "quote": raise ValueError(text)
    return "loud"
serve("1.2", read)
"""


async def test_what_a_detector_prints_or_says_of_a_text_stays_out_of_its_answers(tmp_path: Path) -> None:
    found = await ask(
        [sys.executable, "-S", "-c", TALKATIVE], WORDS_OF_THE_FAKE, ["loud", "quote", "loud"], tmp_path
    )
    assert levels(found) == {0: "crisis", 2: "crisis"}
    assert list(found.trouble) == ["failed with ValueError (1×)"]


LINES = (
    RiskLine("a", "", "en", "crisis", category="suicide", tier="explicit"),
    RiskLine("b", "", "es", "crisis", category="suicide", tier="inferred"),
    RiskLine("c", "", "en", "concern", category="distress", also_ok=("crisis",)),
    RiskLine("d", "", "en", "concern", category="distress"),
    RiskLine("e", "", "en", "none", category="idiom"),
)


def answers(*found: str) -> dict[int, Answer]:
    return {10 + at: Answer(level, ms=2.0 + at, cpu_ms=1.0) for at, level in enumerate(found) if level}


def counted(*found: str) -> dict[tuple[str, str], tuple[int, int]]:
    part = Part("set.jsonl", LINES, first=10)
    return {
        (row.section, row.label.strip()): (row.rates[0].count, row.rates[0].of)
        for row in rows([part], [answers(*found)])
    }


def test_rates_by_section_and_group() -> None:
    found = counted("crisis", "concern", "crisis", "crisis", "concern")
    assert found[FOUND, "set.jsonl"] == (1, 2)
    assert found[FOUND, "lang es"] == (0, 1)
    assert found[FOUND, "tier explicit"] == (1, 1)
    assert found[MET, "set.jsonl"] == (2, 2)
    assert found[ALARMS, "set.jsonl"] == (1, 3), "a level of also_ok is no false alarm"
    assert found[ALARMS, "category idiom"] == (0, 1)
    assert found[NEEDLESS, "set.jsonl"] == (1, 1)
    assert (FOUND, "category idiom") not in found


def test_a_line_without_an_answer_is_a_miss_and_no_quiet_line() -> None:
    found = counted("", "crisis", "", "crisis", "")
    assert found[FOUND, "set.jsonl"] == (1, 2)
    assert found[MET, "set.jsonl"] == (1, 2)
    assert found[ALARMS, "set.jsonl"] == (1, 1)
    assert (NEEDLESS, "set.jsonl") not in found


def comparison() -> Comparison:
    loud, deaf = (
        Peer(name, (), WORDS_OF_THE_FAKE, "an invented detector", "loud is a crisis")
        for name in ("loud", "deaf")
    )
    columns = [
        Column(loud, Asked("1.2", answers(*["crisis"] * 5))),
        Column(deaf, Asked("0.9", answers("none"), ["ended with 1 after 1 of 5 lines"])),
    ]
    missing = {"absent": "not installed: no such version"}
    return Comparison(ENVIRONMENT, (1.0, 2.0), [Part("set.jsonl", LINES, first=10)], columns, missing)


def test_the_table_holds_everybody_and_everything_that_went_wrong() -> None:
    shown = str(comparison()).splitlines()
    assert shown[0].startswith("date:")
    assert "loud 1.2: an invented detector; loud is a crisis" in shown
    assert "! absent: left out, not installed: no such version" in shown
    assert "! deaf: ended with 1 after 1 of 5 lines" in shown
    cells = {" ".join(line.split()) for line in shown}
    assert "set.jsonl 2 100.0 % 0.0 %" in cells
    assert "tier inferred 1 100.0 % 0.0 %" in cells
    assert "processor, p50 5 1.00 1.00" in cells
    assert "clock, p50 5 4.00 2.00" in cells
    assert "lines without an answer 5 0 4" in cells


def test_the_json_has_counts_and_intervals() -> None:
    found = json.loads(comparison().to_json())
    (first, *_) = found["rows"]
    assert (first["section"], first["label"]) == (FOUND, "set.jsonl")
    assert first["rates"]["loud"]["count"] == first["rates"]["loud"]["of"] == 2
    assert first["rates"]["loud"]["interval"][0] == pytest.approx(0.342, abs=0.001)
    assert found["missing"] == {"absent": "not installed: no such version"}
    assert [peer["version"] for peer in found["peers"]] == ["1.2", "0.9"]


def test_lines_of_several_files_are_numbered_through() -> None:
    sets = ROOT / "data" / "evaluation" / "risk.jsonl"
    first, second = read_parts([sets, sets])
    assert (first.first, second.first) == (0, len(first.lines))


def test_a_bad_file_is_refused_before_anything_is_installed(tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "a", "text": "hi", "expected": "mild"}\n', encoding="utf-8")
    done = CliRunner().invoke(main, [str(bad)])
    assert done.exit_code == 2
    assert "bad.jsonl:1" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
