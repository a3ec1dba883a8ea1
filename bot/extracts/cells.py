"""Cells of a CSV file that no spreadsheet takes for a formula, whatever a person wrote.

OWASP, "CSV Injection": a cell that begins with one of these characters is run by common spreadsheets.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from typing import Final

DANGEROUS: Final = frozenset("=+-@|%\t\r\n")
QUOTE: Final = "'"
"""Makes a spreadsheet take the rest for text."""


def safe(value: object) -> str:
    """A value as the text of a cell; numbers of our own stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\0", "")
    return f"{QUOTE}{text}" if _looks_like_formula(text) else text


def row(values: Sequence[object]) -> bytes:
    """One line of the file, every cell in quotation marks."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([safe(value) for value in values])
    return out.getvalue().encode("utf-8", "replace")


def _looks_like_formula(text: str) -> bool:
    if text[:1] in DANGEROUS and text:
        return True
    # Spreadsheets trim, and fold full-width signs: "＝" is "=".
    # Separators and everything that is no character of a script: unassigned ones may be dropped as well.
    visible = (char for char in text if unicodedata.category(char)[0] not in "ZC")
    first = next(visible, "")
    return bool(first) and unicodedata.normalize("NFKC", first)[:1] in DANGEROUS
