"""No cell of a CSV file is a formula, whatever somebody wrote."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.extracts.cells import DANGEROUS, row, safe

FORMULAS = (
    '=HYPERLINK("http://evil.example","tap")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3+cmd|' /C calc'!D2",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    "|calc",
    "%0A=1+1",
    "\0=1+1",
    "\ufeff=1+1",
    "\U00012544%",
    "\ue000=1+1",
)


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_become_text(text: str) -> None:
    assert safe(text).startswith("'")


@pytest.mark.parametrize("text", ["i want to die", "¿es adictiva?", "3 times", "(321) 555-0199", "", "'x"])
def test_words_stay_as_they_are(text: str) -> None:
    assert safe(text) == text


def test_numbers_of_ours_stay_numbers() -> None:
    assert (safe(-0.5), safe(3), safe(None)) == ("-0.5", "3", "")


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_every_cell_comes_back_and_none_begins_like_a_formula(texts: list[str]) -> None:
    written = row(texts).decode()
    [cells] = csv.reader(io.StringIO(written, newline=""))
    assert len(cells) == len(texts)
    for cell in cells:
        visible = [char for char in cell if unicodedata.category(char)[0] not in "ZC"]
        assert not visible or unicodedata.normalize("NFKC", visible[0])[0] not in DANGEROUS
