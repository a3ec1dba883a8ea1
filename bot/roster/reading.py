"""Reading `data/roster.yml`. A deployment need not have one: then everybody configured is told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.content import ContentError
from bot.content.entry import Entry, read
from bot.messages import Level
from bot.roster.roster import AGAIN, MINUTES, Contact, Roster
from bot.roster.shifts import DAYS, Shift
from bot.text.fault import Fault

FILE: Final = "roster.yml"
OTHER: Final = "other"
"""How the file writes the minutes of every level below CRISIS."""
EVERY_DAY: Final = "every"
_ADDRESS: Final = re.compile(r"HARBORLINE_CONTACT_[A-Z0-9_]+")
_KEY: Final = re.compile(r"[a-z0-9_]{1,40}")
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def load(data: Path) -> Roster | None:
    """The roster of a data folder; None when it holds none.

    Raises:
        ContentError: With every fault of the file.
    """
    roster, faults = examine(data)
    if faults:
        raise ContentError(tuple(faults))
    return roster


def examine(data: Path) -> tuple[Roster | None, list[Fault]]:
    """The roster, as far as it can be read, and every fault found."""
    faults: list[Fault] = []
    if not (data / FILE).exists():
        return None, faults
    entry = read(data / FILE, faults)
    return (_roster(entry) if entry else None), faults


def _roster(entry: Entry) -> Roster:
    entry.only("time_zone", "contacts", "first", "next", "alarm", "minutes", "again")
    contacts = _contacts(entry.entry("contacts"))
    first, following = _shifts(entry, "first", contacts), _shifts(entry, "next", contacts)
    if not first and not following:
        entry.fault("first", "nobody has a shift", "List at least one shift below first:.")
    alarm = _known(entry, "alarm", contacts)
    _idle(entry, contacts, {who for shift in (*first, *following) for who in shift.who} | set(alarm))
    return Roster(
        zone=_zone(entry),
        contacts=contacts,
        first=first,
        next=following,
        alarm=alarm,
        minutes=_minutes(entry, "minutes", MINUTES),
        again=_minutes(entry, "again", AGAIN),
    )


def _zone(entry: Entry) -> ZoneInfo:
    name = entry.text("time_zone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name:
            remedy = "Write a name such as America/New_York."
            entry.fault("time_zone", f"'{name}' is no time zone", remedy)
        return ZoneInfo("UTC")


def _contacts(contacts: Entry) -> Mapping[str, Contact]:
    return {key: _contact(key, contacts) for key in contacts}


def _contact(key: str, contacts: Entry) -> Contact:
    if not _KEY.fullmatch(key):
        contacts.fault(key, f"'{key}' is no key", "Write small letters, digits and _, at most 40.")
    entry = contacts.entry(key)
    entry.only("name", "address")
    address = entry.text("address")
    if address and not _ADDRESS.fullmatch(address):
        # The value itself may be the secret that was put in the wrong place: it is not repeated.
        remedy = "Write HARBORLINE_CONTACT_ and a name, and put the apprise URL into that setting."
        entry.fault("address", "the address is not the name of a setting", remedy)
    return Contact(key, entry.text("name"), address)


def _shifts(entry: Entry, step: str, contacts: Mapping[str, Contact]) -> tuple[Shift, ...]:
    return tuple(_shift(shift, contacts) for shift in entry.entries(step))


def _shift(entry: Entry, contacts: Mapping[str, Contact]) -> Shift:
    entry.only("who", "days", "from", "to")
    who = _known(entry, "who", contacts)
    if not who:
        entry.fault("who", "the shift has nobody", "Write who: [key of a contact].")
    return Shift(who, _days(entry), _time(entry, "from"), _time(entry, "to"))


def _known(entry: Entry, key: str, contacts: Mapping[str, Contact]) -> tuple[str, ...]:
    names = entry.texts(key)
    for name in names:
        if name not in contacts:
            entry.fault(key, f"'{name}' is no contact", "Add it to contacts: or correct its name.")
    return tuple(name for name in names if name in contacts)


def _days(entry: Entry) -> frozenset[int]:
    names = entry.texts("days")
    if names == (EVERY_DAY,):
        return frozenset(range(len(DAYS)))
    wrong = [name for name in names if name not in DAYS]
    if wrong or not names:
        remedy = f"List some of: {', '.join(DAYS)}; or write [{EVERY_DAY}]."
        entry.fault("days", f"'days' holds {', '.join(wrong) or 'nothing'}", remedy)
    return frozenset(DAYS.index(name) for name in names if name in DAYS)


def _time(entry: Entry, key: str) -> time:
    written = entry.text(key)
    if _TIME.fullmatch(written):
        return time.fromisoformat(written)
    if written:
        entry.fault(key, f"'{written}' is no time", 'Write hours and minutes in quotes: "08:00", "22:30".')
    return time()


def _minutes(entry: Entry, key: str, default: Mapping[Level | None, int]) -> Mapping[Level | None, int]:
    if key not in entry:
        return default
    given = entry.entry(key)
    names = {level.name: level for level in (Level.EMERGENCY, Level.CRISIS)} | {OTHER: None}
    given.only(*names)
    return {level: given.whole(name, default[level]) for name, level in names.items()}


def _idle(entry: Entry, contacts: Mapping[str, Contact], used: set[str]) -> None:
    for key in contacts:
        if key not in used:
            problem = f"'{key}' has no shift and is not in alarm"
            entry.entry("contacts").fault(key, problem, "Give them a shift, or take them out.")
