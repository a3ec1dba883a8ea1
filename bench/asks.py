"""What the senders write, and what must come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice, product
from typing import Final

from bot.cards import Cards
from bot.content import Content
from bot.messages import Channel, Language
from bot.risk import Screener

OPENINGS: Final = (
    "", "Hi, ", "Hello. ", "Good morning. ", "Good evening, ", "Hey there. ", "Excuse me, ",
    "Quick question: ", "I was wondering: ", "One more thing. ", "Sorry to bother you. ", "Please tell me: ",
    "New here. ", "My sister asks: ", "Just curious, ", "Okay, ",
)  # fmt: skip
CLOSINGS: Final = (
    "",
    " Thanks.",
    " Thank you!",
    " Please.",
    " Thx",
    " Thanks a lot.",
    " Just asking.",
    " :)",
)
"""Around each question, so that no encoder or cache sees the same message twice in a while."""

IN_DANGER: Final = (
    "I do not want to live any more.",
    "I keep thinking about killing myself.",
    "I want to end my life.",
    "I am going to take my own life tonight.",
    "I have decided to kill myself.",
    "I cannot go on, I want to die.",
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One message and the text that must be among its replies."""

    text: str
    expected: str


def questions(content: Content) -> Iterator[Ask]:
    """Endless questions about every topic that is answered without a custom action."""
    answered = [
        Ask(question, content.reply(name, Language.EN, Channel.WEB).text)
        for name in sorted(content.responses)
        if name.startswith("utter_faq/") and (question := _question(content, name)) is not None
    ]
    return cycle(
        Ask(f"{opening}{ask.text}{closing}", ask.expected)
        for closing, opening, ask in product(CLOSINGS, OPENINGS, answered)
    )


def crises(cards: Cards, screener: Screener) -> Iterator[Ask]:
    """Endless messages of people in danger."""
    return cycle(
        Ask(text, cards.crisis(screener.screen(text), Language.EN, Channel.WEB)[0].text)
        for opening, sentence in product(("", "Hi. ", "Hello, ", "Please. ", "Okay, "), IN_DANGER)
        if (text := f"{opening}{sentence}")
    )


def conversations(asks: Iterator[Ask], turns: int, *, each: int) -> list[Sequence[Ask]]:
    """`turns` messages, dealt out to conversations of at most `each`."""
    dealt = list(islice(asks, turns))
    return [dealt[start : start + each] for start in range(0, turns, each)]


def _question(content: Content, response: str) -> str | None:
    return content.question(response.removeprefix("utter_faq/"), Language.EN)
