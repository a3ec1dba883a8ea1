"""What a message means after what was said before it: a choice, a fragment, the rest of a sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from bot.content.folding import words
from bot.messages import PastTurn, Reply, ReplyKind

JOIN_WITHIN: Final = timedelta(seconds=20)
"""A text that was not understood and the next one are read as one when they come so close together."""
FRAGMENT: Final = 8
"""Words of a message that may lean on the topic before it; a longer one speaks for itself."""
RAMBLING: Final = 25
"""Words from which a message is taken to end with what it asks, should it not be understood whole."""
TAIL: Final = 12
CHOICE: Final = 6
"""Words of a message that may name one of the questions offered."""
DISTINCTIVE: Final = 4
"""Letters of a word by which a question is recognised."""


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_OPEN: Final = frozenset({ReplyKind.ASK_BACK, ReplyKind.DECLINE})
_PLACES: Final = {
    **dict.fromkeys(("1", "1st", "one", "first", "uno", "una", "primera", "primero", "primer"), 0),
    **dict.fromkeys(("2", "2nd", "two", "second", "dos", "segunda", "segundo"), 1),
    **dict.fromkeys(("3", "3rd", "three", "third", "tres", "tercera", "tercero", "tercer"), 2),
    **dict.fromkeys(("last", "ultima", "ultimo"), -1),
}
_AROUND_A_PLACE: Final = _set(
    "the number no option question one please pls i mean meant want el la lo numero opcion pregunta "
    "por favor es quiero digo ese esa"
)
_YES: Final = _set("yes yeah yep ya sure ok si claro dale")
_LEANS_AT_THE_START: Final = _set(
    "and but so also why how what really for with in y e pero o por como entonces tambien para con en"
)
_LEANS: Final = _set("it its that this they them those these he she eso esto ella ellos ellas esa ese lo")
_SENTENCE: Final = re.compile(
    r"(?<=[.?!])\s+|\n+|\s*;\s+|,?\s+(?:and also|also|y también|y tambien|además|ademas)\s+"
)
_ASKS: Final = _set(
    "what whats how is are can could does do did will would should who where wheres when why which any "
    "que como cuando donde quien cual cuanto es son hay puedo puede pueden aceptan tienen toman atienden"
)
_LEAST_WORDS: Final = 3


@dataclass(frozen=True, slots=True)
class Context:
    """What the last exchange leaves open.

    `offered` are the questions of a question back or a decline; `unsettled` is the person's last text
    when it was not understood a moment ago; `said` is the last curated reply, and `answer` the last one
    that answers from a source.
    """

    offered: tuple[str, ...] = ()
    unsettled: str | None = None
    said: Reply | None = None
    answer: Reply | None = None


def context(history: Sequence[PastTurn], now: datetime) -> Context:
    """What earlier turns, oldest first, leave open at `now`."""
    replies = [turn.reply for turn in reversed(history) if turn.reply is not None and _curated(turn.reply)]
    last = [turn.reply for turn in takewhile(lambda turn: turn.kind is not None, reversed(history))]
    left_open = [reply for reply in last if reply is not None and reply.kind in _OPEN]
    asked = next((turn for turn in reversed(history) if turn.kind is None), None)
    recent = asked is not None and now - asked.at <= JOIN_WITHIN
    return Context(
        offered=left_open[0].quick_replies if left_open else (),
        unsettled=asked.text if asked is not None and recent and left_open else None,
        said=next(iter(replies), None),
        answer=next((reply for reply in replies if reply.source is not None), None),
    )


def choice(text: str, offered: Sequence[str]) -> str | None:
    """The offered question that a message picks: by number, by place, by a plain yes, or by its words."""
    said = words(text)
    if not offered or not said or len(said) > CHOICE:
        return None
    if len(offered) == 1 and said[0] in _YES:
        return offered[0]
    return _by_place(said, offered) or _by_words(said, offered)


def readings(text: str, open_: Context, question: str | None) -> tuple[str, ...]:
    """Other texts that a message which was not understood may stand for, the likeliest first.

    Args:
        text: The message.
        open_: What the last exchange left open.
        question: The question that stands for the topic that was answered last.
    """
    found = [f"{open_.unsettled} {text}"] if open_.unsettled else []
    if question and _leans(words(text)):
        found.append(f"{question} {text}")
    written = text.split()
    if len(written) >= RAMBLING:
        found.append(" ".join(written[-TAIL:]))
    return tuple(found)


def questions(text: str) -> tuple[str, ...]:
    """The questions in a message, where it holds more than one; statements between them are left out."""
    parts = [part.strip() for part in _SENTENCE.split(text)]
    asked = tuple(part for part in parts if _is_question(part))
    return asked if len(asked) > 1 else ()


def _curated(reply: Reply) -> bool:
    return (
        reply.kind is not ReplyKind.DISCLOSURE
        and reply.response is not None
        and reply.response.startswith("utter_")
    )


def _by_place(said: Sequence[str], offered: Sequence[str]) -> str | None:
    places = [word for word in said if word in _PLACES]
    # "The first one" holds two places; "one" is the weaker of them.
    places = [word for word in places if word != "one"] or places
    if len(places) != 1 or not _AROUND_A_PLACE.issuperset(word for word in said if word != places[0]):
        return None
    place = _PLACES[places[0]]
    return offered[place] if place < len(offered) else None


def _by_words(said: Sequence[str], offered: Sequence[str]) -> str | None:
    telling = {word for word in said if len(word) >= DISTINCTIVE}
    named = [question for question in offered if telling & set(words(question))]
    return named[0] if len(named) == 1 else None


def _leans(said: Sequence[str]) -> bool:
    """Whether a message is short and points back: "and long term?", "is it safe", "¿por qué?"."""
    return (
        bool(said) and len(said) <= FRAGMENT and (said[0] in _LEANS_AT_THE_START or bool(_LEANS & set(said)))
    )


def _is_question(part: str) -> bool:
    said = words(part)
    return len(said) >= _LEAST_WORDS and (part.endswith("?") or said[0] in _ASKS)
