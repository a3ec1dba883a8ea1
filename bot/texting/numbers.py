"""Who a text is from: a phone, a machine, or another messenger behind the same webhook."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

_OTHER_CHANNEL: Final = re.compile(r"[a-z]{2,}:", re.IGNORECASE)
_SHORT_CODE: Final = re.compile(r"\+?\d{3,6}")
LONGEST: Final = 64


class Origin(Enum):
    """What kind of sender it is."""

    PHONE = "phone"
    MACHINE = "machine"
    OTHER_CHANNEL = "other channel"


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender by its kind; `number` is E.164 for a phone, else the name as it came."""

    origin: Origin
    number: str


def sender(raw: str) -> Sender:
    """Who `From` names.

    A short code or a name is a machine: answering it could start two machines talking. "whatsapp:+1…" and
    its like are other channels, with other rules, which this webhook does not serve.
    """
    name = raw.strip()[:LONGEST]
    if _OTHER_CHANNEL.match(name):
        return Sender(Origin.OTHER_CHANNEL, name)
    if _SHORT_CODE.fullmatch(name):
        return Sender(Origin.MACHINE, name)
    try:
        number = parse(name, None if name.startswith("+") else "US")
    except NumberParseException:
        return Sender(Origin.MACHINE, name)
    if not is_possible_number(number) or any(char.isalpha() for char in name):
        return Sender(Origin.MACHINE, name)
    return Sender(Origin.PHONE, format_number(number, PhoneNumberFormat.E164))
