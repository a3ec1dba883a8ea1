"""What must hold for any text: it never raises, spans stay inside, and no disguise lowers a level."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bot.messages import Level
from bot.risk import Screener
from bot.risk.explain import explain

FOLDER = Path(__file__).parent / "cases"
CRISES: list[dict[str, Any]] = [
    case for name in ("crisis-en", "crisis-es") for case in YAML(typ="safe").load(FOLDER / f"{name}.yml")
]
CYRILLIC = str.maketrans("aeopcy", "аеорсу")


def _invisible(text: str) -> str:
    return "\u200b".join(text)


TRANSFORMS: dict[str, Callable[[str], str]] = {
    "greeting before": lambda text: f"hi there. {text}",
    "question before": lambda text: f"Is ketamine covered by insurance? {text}",
    "question after": lambda text: f"{text}. What are your hours?",
    "upper case": str.upper,
    "lower case": str.lower,
    "lost apostrophes": lambda text: text.replace("'", ""),
    "curly apostrophes": lambda text: text.replace("'", "\u2019"),
    "invisible characters": _invisible,
    "look-alike letters": lambda text: text.translate(CYRILLIC),
    "full-width letters": lambda text: re.sub(r"[a-z]", lambda found: chr(ord(found[0]) + 0xFEE0), text),
    "combining marks": lambda text: re.sub(r"([aeiou])", "\\1\u0331", text),
    "line breaks": lambda text: text.replace(" ", "\n"),
    "emoji after": lambda text: f"{text} 🙃💀",
    "entities": lambda text: text.replace("e", "&#101;"),
    "wide spaces": lambda text: text.replace(" ", "\u00a0\u2003"),
}


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("case", [pytest.param(case, id=case["text"][:40]) for case in CRISES])
def test_disguise_never_lowers_the_level(screener: Screener, case: dict[str, Any], name: str) -> None:
    plain = screener.screen(case["text"]).level
    assert screener.screen(TRANSFORMS[name](case["text"])).level >= plain


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


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "i want to " * 100_000,
        "k*** " * 200_000,
        "\u200b" * 1_000_000,
        "😀" * 250_000,
        "(" * 1_000_000,
    ],
    ids=["one word", "half a cue", "censored", "invisible", "emoji", "brackets"],
)
@pytest.mark.timeout(20)
def test_a_million_characters_take_bounded_time(screener: Screener, text: str) -> None:
    assert screener.screen(text).level <= Level.CRISIS
