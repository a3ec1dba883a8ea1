"""Invented conversations of the last weeks, so that lists and figures of a demonstration show something."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.messages import Language

DAYS: Final = 35
A_DAY: Final = 5
"""Conversations of a weekday; fewer at the weekend."""
MINUTES: Final = 24 * 60
EARLIEST: Final = 300
"""Minutes ago that they end, so that the queue holds only what is written for it."""


@dataclass(frozen=True, slots=True)
class Script:
    """One invented conversation: what is written, and which curated answer each message gets, if any."""

    minutes_ago: int
    said: tuple[tuple[str, str | None], ...]
    language: Language = Language.EN
    sender: str | None = None


_ENGLISH: Final = (
    (("is ketamine addictive", "utter_faq/is_addictive"), ("ok and the risks?", "utter_faq/risks")),
    (("do you take my insurance", "utter_faq/insurance"), ("thanks", "utter_smalltalk/thanks")),
    (("what is ketamine anyway", "utter_faq/what_is_ketamine"),),
    (("who won the game last night", "utter_out_of_scope"),),
    (("can you book me in for tuesday", "utter_faq/book_appointment"),),
    (("is it safe with my blood pressure", "utter_faq/who_should_avoid"),),
    (("are you a real person", "utter_bot_identity"), ("can i talk to somebody then", "utter_human_handoff")),
    (("how much should i take", "utter_dosing_request"),),
    (("the thing my cousin had", "utter_ask_back"), ("the infusion", "utter_faq/what_is_ketamine")),
    (("everything is too much lately and nobody gets it", None),),
    (("who can read this", "utter_faq/confidentiality"),),
)
_SPANISH: Final = (
    (("¿es adictiva la ketamina?", "utter_faq/is_addictive"),),
    (("¿aceptan mi seguro?", "utter_faq/insurance"), ("gracias", "utter_smalltalk/thanks")),
    (("¿cuánto cuesta un taxi al aeropuerto?", "utter_out_of_scope"),),
    (("me siento muy sola y sin ánimo", None),),
)


def scripts() -> Iterator[Script]:
    """The same ones every time, oldest first."""
    chance = random.Random(20_260_302)  # noqa: S311 - invented people
    for day in range(DAYS, -1, -1):
        for _ in range(A_DAY if day % 7 < 5 else 2):
            minutes = EARLIEST + day * MINUTES + chance.randrange(0, 14 * 60)
            spanish = chance.random() < 0.25
            said = chance.choice(_SPANISH if spanish else _ENGLISH)
            sender = f"+1407555{chance.randrange(100, 200):04}" if chance.random() < 0.25 else None
            yield Script(minutes, said, Language.ES if spanish else Language.EN, sender)
