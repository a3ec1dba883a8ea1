"""How a fault in a data file reads."""

from __future__ import annotations

from pathlib import Path

from bot.text import DataError, Fault


def test_a_fault_names_file_line_problem_and_remedy() -> None:
    fault = Fault(Path("data/risk/x.yml"), 7, "there is no class '$x'", "Add it")
    assert str(fault) == "data/risk/x.yml:7: there is no class '$x'. Add it"


def test_an_error_tells_every_fault() -> None:
    faults = (Fault(Path("a"), 1, "one", "Do"), Fault(Path("b"), 2, "two", "Do"))
    assert str(DataError(faults)).splitlines() == ["a:1: one. Do", "b:2: two. Do"]
