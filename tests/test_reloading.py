"""A changed data folder is in force without a restart; a bad change is refused and the old serves."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.reloading import LiveData, traces
from tests.fixtures.server import Server, running
from tests.planting import Planted

RISKS = "responses/risks.yml"
QUESTION = "What are the risks of ketamine?"
OLD, NEW = "Changes in blood pressure.", "Blood pressure that changes."


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return Planted(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, planted: Planted) -> Iterator[Server]:
    """The whole program on a data folder that tests change."""
    with running(tmp_path_factory.mktemp("server"), data=str(planted.data)) as server:
        yield server.wait_ready()


def health(server: Server) -> tuple[int, dict[str, Any]]:
    answer = httpx.get(f"{server.url}/health/ready", timeout=5)
    return answer.status_code, answer.json()


def said(server: Server, text: str) -> str:
    return "\n".join(str(reply["text"]) for reply in server.chat().say(text))


def wait_for(server: Server, line: str, count: int = 1) -> None:
    """Wait until the log holds a line.

    Raises:
        TimeoutError: It does not within fifteen seconds.
    """
    deadline = time.monotonic() + 15
    while server.log.read_text(encoding="utf-8").count(line) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(server.log.read_text(encoding="utf-8"))
        time.sleep(0.1)


IN_FORCE = "changed data in force"
REFUSED = "changed data refused"


def test_a_changed_answer_card_and_city_are_in_force_without_a_restart(
    served: Server, planted: Planted
) -> None:
    assert OLD in said(served, QUESTION)
    assert "not on our list" in said(served, "do you serve Zanzibarville?")
    planted.change(RISKS, OLD, NEW)
    planted.change("cards/suicide.yml", "Thank you for telling me. What", "It is good that you told me. What")
    planted.change("clinic.yml", "\n  - Oviedo\n", "\n  - Zanzibarville\n  - Oviedo\n")
    planted.restamp()
    wait_for(served, IN_FORCE)
    answer = said(served, QUESTION)
    assert NEW in answer
    assert OLD not in answer
    assert "It is good that you told me. What" in said(served, "i want to kill myself")
    assert "Zanzibarville" in said(served, "do you serve Zanzibarville?")
    assert health(served) == (200, {"status": "ready", "reasons": [], "warnings": []})


def test_a_bad_change_is_refused_in_one_line_and_the_old_content_serves(
    served: Server, planted: Planted
) -> None:
    before = said(served, QUESTION)
    refusals = served.log.read_text(encoding="utf-8").count(REFUSED)
    taken = served.log.read_text(encoding="utf-8").count(IN_FORCE)
    line = planted.change("clinic.yml", 'href: "tel:911"', 'href: "tel:119"')
    wait_for(served, REFUSED, refusals + 1)
    status, body = health(served)
    assert (status, body["status"]) == (200, "ready")
    assert body["warnings"] == ["data: a change is refused; the log says why"]
    assert said(served, QUESTION) == before
    assert "tel:911" in str(served.chat().say("i want to kill myself"))
    lines = served.log.read_text(encoding="utf-8").splitlines()
    refused = [each for each in lines if REFUSED in each][-1]
    assert f"clinic.yml:{line}: 'tel:119' does not dial 911. Write tel:" in refused
    time.sleep(5)  # Two more looks at the same mistake say nothing new.
    assert served.log.read_text(encoding="utf-8").count(REFUSED) == refusals + 1
    planted.change("clinic.yml", 'href: "tel:119"', 'href: "tel:911"')
    wait_for(served, IN_FORCE, taken + 1)
    assert health(served)[1]["warnings"] == []


def test_a_text_that_nobody_reviewed_is_refused(served: Server, planted: Planted) -> None:
    log = served.log.read_text(encoding="utf-8")
    planted.change("responses/insurance.yml", "Most private", "Nearly all private")
    wait_for(served, REFUSED, log.count(REFUSED) + 1)
    assert "Nearly all private" not in said(served, "do you take my insurance?")
    planted.restamp()
    wait_for(served, IN_FORCE, log.count(IN_FORCE) + 1)
    assert "Nearly all private" in said(served, "do you take my insurance?")


async def test_a_new_response_that_the_model_does_not_know_is_harmless(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    live = LiveData(planted.data, require_signed=False)
    text = (planted.data / RISKS).read_text(encoding="utf-8")
    text = text.replace("utter_faq/risks", "utter_faq/hazards")
    (planted.data / "responses" / "hazards.yml").write_text(text, encoding="utf-8")
    planted.restamp()
    await settle(live)
    assert not live.refused
    assert "utter_faq/hazards" in live.current.content.responses


async def settle(live: LiveData) -> None:
    """Two looks: the first sees that something moved, the second that it is over."""
    await live.look()
    await live.look()


async def test_a_change_is_read_only_when_nothing_moves_any_more(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    live = LiveData(planted.data, require_signed=False)
    first = live.current
    planted.change("responses/insurance.yml", "Most private", "Nearly all private")  # not stamped yet
    await live.look()
    planted.restamp()
    await live.look()
    assert live.current is first
    assert not live.refused
    await live.look()
    assert live.current is not first


async def test_a_change_of_a_cue_is_in_force(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    live = LiveData(planted.data, require_signed=False)
    before = live.current.screener.version
    cues = min((planted.data / "risk").glob("*.yml"))
    cues.write_text(cues.read_text(encoding="utf-8") + "# a note\n", encoding="utf-8")
    await settle(live)
    assert not live.refused
    assert live.current.screener.version != before
    cues.write_text("words: [", encoding="utf-8")
    kept = live.current
    await settle(live)
    assert live.refused
    assert live.current is kept


async def test_a_folder_that_is_gone_keeps_the_old_data(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    live = LiveData(planted.data, require_signed=False)
    kept = live.current
    planted.data.rename(tmp_path / "away")
    await settle(live)
    assert live.refused
    assert live.current is kept
    (tmp_path / "away").rename(planted.data)
    await settle(live)
    assert not live.refused


def test_traces_tell_a_change_that_keeps_size_and_name(tmp_path: Path) -> None:
    planted = Planted(tmp_path)
    before = traces(planted.data)
    assert traces(planted.data) == before
    planted.change(RISKS, "blood", "BLOOD")
    after = traces(planted.data)
    assert after != before
    file = planted.data / RISKS
    copy = file.with_suffix(".copy")
    copy.write_bytes(file.read_bytes())
    os.utime(copy, ns=(0, file.stat().st_mtime_ns))
    copy.replace(file)
    assert traces(planted.data) != after
