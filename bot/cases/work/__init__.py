"""Working on a case: take, keep, release, note, close, reopen. Every change is in the case's history."""

from bot.cases.work.changing import CaseError
from bot.cases.work.closing import close, reopen
from bot.cases.work.holding import (
    HOLD,
    ON_THE_PHONE,
    NeedsReasonError,
    Taken,
    any_lapsed,
    keep,
    lapse_all,
    release,
    seen_working,
    take,
    take_next,
)
from bot.cases.work.noting import LONGEST_NOTE, mentions_of, mentions_seen, note, revealed

__all__ = [
    "HOLD",
    "LONGEST_NOTE",
    "ON_THE_PHONE",
    "CaseError",
    "NeedsReasonError",
    "Taken",
    "any_lapsed",
    "close",
    "keep",
    "lapse_all",
    "mentions_of",
    "mentions_seen",
    "note",
    "release",
    "reopen",
    "revealed",
    "seen_working",
    "take",
    "take_next",
]
