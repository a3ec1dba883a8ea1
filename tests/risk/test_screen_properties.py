"""What must hold for any text: it never raises, spans stay inside, and no disguise lowers a level."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.messages import Level
from bot.risk import Screener
from bot.risk.explain import explain
from tests.risk.reading import CRISIS_FILES, cases
from tests.risk.transforms import TRANSFORMS

CRISES = cases(*CRISIS_FILES)


@pytest.mark.parametrize("name", TRANSFORMS)
def test_disguise_never_lowers_the_level(screener: Screener, name: str) -> None:
    lowered = []
    for case in CRISES:
        plain, disguised = screener.screen(case["text"]), screener.screen(TRANSFORMS[name](case["text"]))
        if disguised.level < plain.level:
            lowered.append((TRANSFORMS[name](case["text"]), plain.level.name, disguised.level.name))
    assert not lowered


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=300))
def test_any_text_gives_spans_inside_it(screener: Screener, text: str) -> None:
    risk = screener.screen(text)
    for cue in risk.cues:
        assert 0 <= cue.start < cue.end <= len(text)
    assert explain(text, risk, screener)


@settings(max_examples=200, deadline=None)
@given(words=st.lists(st.sampled_from(" ".join(case["text"] for case in CRISES).split()), max_size=40))
def test_any_order_of_crisis_words_gives_the_same_answer_twice(screener: Screener, words: list[str]) -> None:
    text = " ".join(words)
    risk = screener.screen(text)
    assert risk == screener.screen(text)
    assert all(0 <= cue.start < cue.end <= len(text) for cue in risk.cues)


@settings(max_examples=100, deadline=None)
@given(
    prefix=st.sampled_from(("ok so", "hello,", "um", "buenas tardes,", "listen")),
    case=st.sampled_from(CRISES),
)
def test_harmless_prefix_never_lowers(screener: Screener, prefix: str, case: dict[str, Any]) -> None:
    assert screener.screen(f"{prefix} {case['text']}").level >= screener.screen(case["text"]).level


@pytest.mark.parametrize(
    "text",
    [
        "k i l l  m y s e l f",
        "k.i.l.l m.y.s.e.l.f",
        "k!ll mys3lf",
        "kiiiill myyyself",
        "killmyself",
        "k*ll myself",
        "ᴋɪʟʟ ᴍʏsᴇʟғ",
        "🇰🇮🇱🇱 myself",
        "ķïłł mýšëłf",
        "kill mysefl",
        "kms",
        "su1c1dal",
        "/kill myself",
    ],
)
def test_disguised_words_are_read(screener: Screener, text: str) -> None:
    assert screener.screen(f"i want to {text}").level >= Level.CRISIS


def test_crisis_in_the_middle_of_long_text_is_found(screener: Screener) -> None:
    filler = "I walked along the beach and looked at the birds. " * 1_000
    text = f"{filler}i want to kill myself. {filler}"
    risk = screener.screen(text)
    assert risk.level >= Level.CRISIS
    cue = risk.cues[0]
    assert "kill myself" in text[cue.start : cue.end]


def test_a_crisis_is_answered_while_a_million_characters_are_read(screener: Screener) -> None:
    words = [word for case in CRISES for word in case["text"].split()]
    flood = " ".join(words * (1_000_000 // sum(len(word) + 1 for word in words)))
    waits = []
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(screener.screen, flood)
        while not reading.done():
            started = time.monotonic()
            assert screener.screen("i want to kill myself").level >= Level.CRISIS
            waits.append(time.monotonic() - started)
    assert max(waits) <= 0.3


@pytest.mark.parametrize(
    "text",
    [
        "".join(chr(32 + number * 7_919 % 55_000) for number in range(1_000_000)),
        "".join(chr(0xE000 + number * 104_729 % 0x101FFF) for number in range(1_000_000)),
        "a" * 1_000_000,
        "i want to " * 100_000,
        "k*** " * 200_000,
        "\u200b" * 1_000_000,
        "😀" * 250_000,
        "(" * 1_000_000,
    ],
    ids=["random", "every plane", "one word", "half a cue", "censored", "invisible", "emoji", "brackets"],
)
@pytest.mark.timeout(20)
def test_a_million_characters_take_bounded_time(screener: Screener, text: str) -> None:
    assert screener.screen(text).level <= Level.CRISIS
