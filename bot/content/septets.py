"""How long a text is on the air: GSM-7 septets (3GPP TS 23.038), which bound what an SMS can hold."""

from __future__ import annotations

import smsutil

SINGLE = 160
"""Septets of an SMS that is sent in one part."""
SEGMENT = 153
"""Septets in each part of a long SMS."""


_WITHOUT_ACCENT = str.maketrans("áíóúÁÍÓÚ’‘“”–—", "aiouAIOU''\"\"--")


def gsm(text: str) -> str:
    """A text spelled for SMS as the curated ones are: without the letters and marks that GSM-7 lacks.

    One á or one curly quote would leave room for 67 letters a part instead of 153; é ñ ü ¿ ¡ stay.
    """
    return text.translate(_WITHOUT_ACCENT)


def septets(text: str) -> int | None:
    """The length of a text in septets; None when GSM-7 cannot write it, so that a part holds only 67."""
    return int(smsutil.split(text).total_bytes) if smsutil.is_valid_gsm(text) else None


def segments(text: str) -> int:
    """The parts that a text is sent in."""
    return len(smsutil.split(text).parts)
