"""The second look: it raises what it can in time, and whatever happens to it the rules stand."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.messages import Kind, Level, PastTurn, Risk
from bot.risk.learned import Finding, LearnedLayer
from bot.second_look import SecondLook
from tests.fixtures.layers import some_examples

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
FOUND = Risk(level=Level.CONCERN, kind=Kind.DISTRESS, version="rules-1")
SENTINEL = "zanzibar"


class Broken(LearnedLayer):
    """Fails, or takes its time; it is put into a real second look."""

    def __init__(self, *, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.asked = 0

    def judge(self, text: str) -> Finding:
        self.asked += 1
        time.sleep(self.seconds)
        raise ValueError(text)


@pytest.fixture
def folder(small_layer: LearnedLayer, tmp_path: Path) -> Path:
    small_layer.save(tmp_path)
    return tmp_path


@pytest.fixture
def look(folder: Path) -> Iterator[SecondLook]:
    made = SecondLook(folder, deadline=timedelta(seconds=5))
    yield made
    made.stop()


async def loaded(look: SecondLook) -> SecondLook:
    look.start()
    async with asyncio.timeout(30):
        while not look.ready:
            assert look.reason == "loading"
            await asyncio.sleep(0.02)
    return look


def crisis_text() -> str:
    """The longest of the crises that the layer has read."""
    return max((each.text for each in some_examples() if each.level is Level.CRISIS), key=len)


async def test_raises_when_loaded(look: SecondLook) -> None:
    assert await look.look(FOUND, crisis_text(), (), AT) == FOUND  # not yet
    await loaded(look)
    risk = await look.look(FOUND, crisis_text(), (), AT)
    assert risk.level is Level.CRISIS
    assert risk.neighbours
    assert look.reason is None


async def test_a_crisis_is_left_as_it_is(look: SecondLook) -> None:
    await loaded(look)
    found = Risk(level=Level.CRISIS, kind=Kind.SUICIDE, version="rules-1")
    assert await look.look(found, crisis_text(), (), AT) is found


def in_two(layer: LearnedLayer) -> tuple[str, str]:
    """A crisis that the layer has read, cut so that it hears the danger in neither part."""
    for example in some_examples():
        words = example.text.split()
        parts = " ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])
        levels = [layer.judge(text).level for text in (*parts, " ".join(words))]
        if levels[2] is Level.CRISIS and max(levels[:2]) < Level.CRISIS:
            return parts
    raise LookupError("every crisis shows in one of its halves")


async def test_reads_texts_that_came_together_as_one(look: SecondLook, small_layer: LearnedLayer) -> None:
    await loaded(look)
    first, second = in_two(small_layer)
    recent = (PastTurn(first, AT - timedelta(seconds=20)),)
    old = (PastTurn(first, AT - timedelta(seconds=90)),)
    assert (await look.look(Risk(version="rules-1"), second, recent, AT)).level is Level.CRISIS
    assert (await look.look(Risk(version="rules-1"), second, old, AT)).level < Level.CRISIS


async def test_a_crisis_just_before_is_not_counted_again(look: SecondLook) -> None:
    await loaded(look)
    before = (PastTurn(crisis_text(), AT - timedelta(seconds=20)),)
    found = await look.look(Risk(version="rules-1"), "and where do i park", before, AT)
    assert found.level is Level.NONE


@pytest.mark.parametrize("spoil", ["missing", "damaged"])
async def test_without_a_layer_the_rules_stand(folder: Path, spoil: str) -> None:
    if spoil == "damaged":
        (folder / "layer.json").write_text("{", encoding="utf-8")
    look = SecondLook(folder if spoil == "damaged" else folder / "nothing")
    look.start()
    async with asyncio.timeout(30):
        while look.reason == "loading":
            await asyncio.sleep(0.02)
    assert not look.ready
    assert "harborline train" in str(look.reason)
    assert await look.look(FOUND, crisis_text(), (), AT) is FOUND
    look.stop()


@pytest.mark.parametrize("layer", [Broken(), Broken(seconds=0.6)], ids=["failing", "late"])
async def test_failure_and_lateness_leave_the_rules(
    layer: Broken, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    look = SecondLook(folder, deadline=timedelta(seconds=0.2))
    monkeypatch.setattr(look, "_layer", layer)
    caplog.set_level(logging.DEBUG)
    started = time.monotonic()
    assert await look.look(FOUND, f"{SENTINEL} and more", (), AT) is FOUND
    assert time.monotonic() - started < 0.5
    assert "second look" in caplog.text
    assert SENTINEL not in caplog.text
    look.stop()


async def test_nobody_computes_what_nobody_waits_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    look, layer = SecondLook(folder, deadline=timedelta(seconds=0.1)), Broken(seconds=0.5)
    monkeypatch.setattr(look, "_layer", layer)
    await asyncio.gather(*(look.look(FOUND, "some words", (), AT) for _ in range(5)))
    await asyncio.sleep(0.6)
    assert layer.asked == 1
    look.stop()
