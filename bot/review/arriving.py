"""What staff read of a text on its way to a phone, and why one did not arrive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_REASONS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("21610", "40300", "opted_out"), "the network blocks our texts after the person's STOP: call them"
    ),
    "30003": "the phone is off or out of reach",
    "30004": "the phone's network refuses it",
    "30005": "the number is not in use",
    "30006": "the number is a landline",
    **dict.fromkeys(("30007", "30410", "40002", "40003"), "a carrier took it for spam"),
    "30008": "the carrier does not say why",
    **dict.fromkeys(("30032", "30033", "30034", "40010", "40329", "40330"), "our number is not registered"),
    **dict.fromkeys(("21211", "21614", "40310"), "this number takes no texts"),
    "part before failed": "the part before it did not arrive",
    "texts off": "no text can be sent from here any more",
    "key lost": "it cannot be decrypted any more",
}
"""By the provider's code. Sources: Twilio's and Telnyx's lists of error codes; the last ones are ours."""


def undelivered(code: str | None) -> str:
    """Why a text did not arrive, with the provider's code."""
    if not code:
        return "no reason is known"
    reason = _REASONS.get(code, "the provider gives no other reason")
    return f"{reason} (code {code})" if code.isdecimal() else reason
