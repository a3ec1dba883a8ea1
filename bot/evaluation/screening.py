"""What finds the risk of a text when no conversation is around it."""

from __future__ import annotations

from collections.abc import Callable

from bot.messages import Level, Risk
from bot.risk import Screener
from bot.risk.learned import LearnedLayer
from bot.risk.raising import raised


def rules_and_learned(screener: Screener, layer: LearnedLayer) -> Callable[[str], Risk]:
    """The rules, and the learned layer where they leave a message below CRISIS: as in a conversation."""

    def read(text: str) -> Risk:
        risk = screener.screen(text)
        return (
            risk if risk.level >= Level.CRISIS else raised(risk, layer.judge(text), words=len(text.split()))
        )

    return read
