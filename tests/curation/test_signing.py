"""Signing a text off: what is written, what stays, and what is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.checks import check
from bot.content import ContentError, load, stamp
from bot.curation.signing import sign
from tests.planting import Planted

RISKS = "responses/risks.yml"
DAY = date(2026, 12, 1)
KEYS = ("reviewer:", "reviewed_on:", "status:", "sha256:")


@pytest.fixture
def planted(tmp_path: Path) -> Planted:
    return Planted(tmp_path)


def lines(planted: Planted, file: str) -> list[str]:
    return (planted.data / file).read_bytes().decode().splitlines(keepends=True)


def test_signing_writes_the_review_and_nothing_else(planted: Planted) -> None:
    planted.change(RISKS, "Changes in blood pressure.", "Blood pressure that changes.")
    before = lines(planted, RISKS)
    assert sign(planted.data, "risks", reviewer=' Dr. A. "Ex" Ñandú ', on=DAY) == ("utter_faq/risks",)
    pairs = zip(before, lines(planted, RISKS), strict=True)
    changed = [new.strip() for old, new in pairs if old != new]
    assert [line.split()[0] for line in changed] == list(KEYS)
    review = load(planted.data).responses["utter_faq/risks"].review
    assert (review.reviewer, review.reviewed_on, review.signed) == ('Dr. A. "Ex" Ñandú', "2026-12-01", True)
    assert check(planted.data) == []


def test_every_text_of_a_file_is_signed_or_one_of_them(planted: Planted) -> None:
    assert sign(planted.data, "deny", reviewer="Dr. A", on=DAY) == ("utter_deny",)
    signed = sign(planted.data, "conversation", reviewer="Dr. A", on=DAY)
    assert {"utter_deny", "utter_affirm"} < set(signed)
    assert all(load(planted.data).responses[name].review.signed for name in signed)


def test_a_card_is_signed_like_an_answer(planted: Planted) -> None:
    sign(planted.data, "suicide", reviewer="Dr. A", on=DAY)
    assert load(planted.data).cards["suicide_crisis"].review.signed
    assert check(planted.data) == []


def test_comments_line_ends_and_file_mode_stay(planted: Planted) -> None:
    planted.change(RISKS, "        status: pending\n", "        status: pending   # until Dr. A has time\n")
    path = planted.data / RISKS
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    path.chmod(0o640)
    sign(planted.data, "risks", reviewer="Dr. A", on=DAY)
    written = path.read_bytes()
    assert b"status: signed   # until Dr. A has time\r\n" in written
    assert written.count(b"\r\n") == written.count(b"\n")
    assert path.stat().st_mode & 0o777 == 0o640
    assert check(planted.data) == []


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        ("Changes in mood. This is confidential.", "says 'confidential'"),
        ("Changes in mood, studies show, says the APA.", "names APA"),
        ("Changes in {mood}.", "'{mood}' is not known"),
    ],
)
def test_a_text_with_a_fault_is_not_signed(planted: Planted, new: str, reason: str) -> None:
    planted.change(RISKS, "Changes in blood pressure.", new)
    before = lines(planted, RISKS)
    with pytest.raises(ContentError, match=reason):
        sign(planted.data, "risks", reviewer="Dr. A", on=DAY)
    assert lines(planted, RISKS) == before


def test_a_fault_in_another_file_does_not_stand_in_the_way(planted: Planted) -> None:
    planted.change("responses/insurance.yml", "Most private", "This is confidential. Most private")
    assert sign(planted.data, "risks", reviewer="Dr. A", on=DAY)


@pytest.mark.parametrize("name", ["", "  ", "Dr.\nA", "Dr.\x07A"])
def test_a_name_is_needed(planted: Planted, name: str) -> None:
    with pytest.raises(ContentError, match="no name to sign with"):
        sign(planted.data, "risks", reviewer=name, on=DAY)


def test_an_unknown_topic_is_refused(planted: Planted) -> None:
    with pytest.raises(ContentError, match="there is no text named 'weather'"):
        sign(planted.data, "weather", reviewer="Dr. A", on=DAY)


@pytest.mark.parametrize(
    "reviewer", ["clinic editorial team,\n          pending clinical sign-off", '"clinic\n          team"']
)
def test_a_value_of_several_lines_is_refused_and_kept(planted: Planted, reviewer: str) -> None:
    planted.change(RISKS, "clinic editorial team, pending clinical sign-off", reviewer)
    before = lines(planted, RISKS)
    with pytest.raises(ContentError, match="line"):
        sign(planted.data, "risks", reviewer="Dr. A", on=DAY)
    assert lines(planted, RISKS) == before


def test_a_signed_text_that_changes_is_a_fault_and_stamping_makes_it_pending(planted: Planted) -> None:
    sign(planted.data, "risks", reviewer="Dr. A", on=DAY)
    planted.change(RISKS, "Changes in blood pressure.", "Blood pressure that changes.")
    (fault,) = check(planted.data)
    assert "was changed since its review" in fault.problem
    assert "content sign risks" in fault.remedy
    stamp(planted.data, "risks")
    assert not load(planted.data).responses["utter_faq/risks"].review.signed
    assert check(planted.data) == []
