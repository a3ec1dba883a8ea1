"""R17: GSM-7 where it can be, segments counted as the air counts them, parts that lose no word."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content.parts import PART_SEGMENTS, PARTS, folded, in_parts
from bot.content.septets import segments, septets

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
OTHER = "áíóúÁÍÓÚ“”’—…çшש水🌊👍🏽"


def counted(text: str) -> int:
    """Segments by the rules of 3GPP TS 23.038 and 23.040, written anew: nothing is cut in two."""
    if all(char in BASIC or char in EXTENSION for char in text):
        sizes, single, multi = [2 if char in EXTENSION else 1 for char in text], 160, 153
    else:
        sizes, single, multi = [2 if ord(char) > 0xFFFF else 1 for char in text], 70, 67
    if sum(sizes) <= single:
        return 1
    parts, room = 1, multi
    for size in sizes:
        if size > room:
            parts, room = parts + 1, multi
        room -= size
    return parts


def fuzzed(number: int) -> list[str]:
    """Texts around every boundary, of every alphabet, with extension characters and surrogate pairs."""
    chance = random.Random(20_261_125)  # noqa: S311
    lengths = [
        1,
        66,
        67,
        68,
        69,
        70,
        71,
        133,
        134,
        135,
        152,
        153,
        154,
        159,
        160,
        161,
        305,
        306,
        307,
        459,
        460,
    ]
    alphabets = [BASIC, BASIC + EXTENSION * 3, EXTENSION, BASIC + OTHER, OTHER, "a🌊", "a€"]
    texts = []
    for _ in range(number):
        length = max(1, chance.choice(lengths) + chance.randint(-2, 2))
        texts.append("".join(chance.choices(chance.choice(alphabets), k=length)))
    return texts


def test_R17_segments_are_those_of_an_independent_count() -> None:
    wrong = [text for text in fuzzed(10_000) if segments(text) != counted(text)]
    assert wrong == []


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("“Hello” — it’s ok…", '"Hello" - it\'s ok...'),
        ("a\u00a0b\u2009c\tb", "a b c b"),
        ("«hola» – adiós", '"hola" - adiós'),
        ("línea única", "línea única"),
        ("cafe\u0301", "café"),
        ("a\x00b\x1bc\ud800d", "a b c d"),
        ("one\r\ntwo\u2028three", "one\ntwo three"),
        ("👩\u200d⚕️ ok\u200b", "👩\u200d⚕️ ok"),
    ],
)
def test_marks_are_folded_and_words_never_changed(written: str, sent: str) -> None:
    assert folded(written) == sent


def test_folding_makes_gsm_of_what_only_its_marks_kept_from_it() -> None:
    assert septets("“Don’t wait” — call…") is None
    assert septets(folded("“Don’t wait” — call…")) == 22
    assert septets(folded("línea")) is None


@given(st.text(max_size=900), st.sampled_from(["", "(Text MORE for the rest.)"]))
@settings(max_examples=150, deadline=None)
def test_parts_fit_and_lose_nothing(text: str, hint: str) -> None:
    parts = in_parts(text, hint)
    assert 1 <= len(parts.texts) <= PARTS
    assert all(segments(part) <= PART_SEGMENTS for part in parts.texts)
    assert sum(len(part) for part in parts.texts) <= 1600
    bare = list(parts.texts)
    if len(bare) > 1:
        bare = [part.partition(" ")[2] for part in bare]
    if parts.rest and hint:
        bare[-1] = bare[-1].removesuffix(hint)
    assert "".join("".join((*bare, parts.rest)).split()) == "".join(folded(text).split())


def test_a_long_text_is_cut_between_sentences_and_numbered() -> None:
    text = " ".join(f"This is sentence number {place} of a text." for place in range(30))
    parts = in_parts(text)
    assert [part[:6] for part in parts.texts] == [f"({place}/{len(parts.texts)}) " for place in (1, 2, 3)]
    assert all(part.endswith(".") for part in parts.texts)
    assert parts.rest == ""


def test_what_does_not_fit_is_kept_for_who_asks() -> None:
    text = " ".join(f"word{place}" for place in range(600))
    first = in_parts(text, "(Text MORE for the rest.)")
    assert len(first.texts) == PARTS
    assert first.texts[-1].endswith("(Text MORE for the rest.)")
    assert first.rest.endswith("word599")
    while first.rest:
        first = in_parts(first.rest, "(Text MORE for the rest.)")
    assert first.texts[-1].endswith("word599")


def test_an_emoji_is_never_cut_in_two() -> None:
    for shift in range(8):
        text = "a" * shift + "👩‍⚕️" * 120
        parts = in_parts(text)
        assert all(not part.rstrip().endswith("\u200d") for part in parts.texts)


def test_a_short_text_has_no_number() -> None:
    assert in_parts("Yes.").texts == ("Yes.",)
    assert in_parts("").texts == ("",)
