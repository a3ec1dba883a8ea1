"""R32: every hazard has a cause, a control, a test that exists, and an owner."""

from __future__ import annotations

import re

from bot.settings import ROOT

COLUMNS = ["hazard", "cause", "control", "test", "owner"]
HAZARDS = 23


def rows() -> list[list[str]]:
    lines = (ROOT / "docs" / "hazard-log.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    assert cells[0] == COLUMNS
    return cells[2:]


def test_every_hazard_has_all_its_columns() -> None:
    assert len(rows()) == HAZARDS
    assert all(len(row) == len(COLUMNS) and all(row) for row in rows())


def test_every_test_that_it_names_exists_and_each_hazard_names_one() -> None:
    for hazard, _, _, tests, _ in rows():
        named = re.findall(r"`(tests/\S+?\.py)`", tests)
        assert named, hazard
        missing = [path for path in named if not (ROOT / path).is_file()]
        assert missing == [], hazard
