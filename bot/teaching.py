"""Trains what the bot learns from `data/`: the topic model, and the learned layer of risk."""

from __future__ import annotations

from collections.abc import Callable

from bot.refusals import Refusal
from bot.settings import Settings

Tell = Callable[[str], None]


def teach(settings: Settings, *, if_stale: bool, tell: Tell) -> None:
    """Train both, or only what is missing or no longer fits the data.

    Args:
        settings: Names the data, and where the trained files go.
        if_stale: Leave alone what is up to date.
        tell: Told what is going on, one line at a time.

    Raises:
        DataError: The data cannot be trained on.
        Refusal: A package that training reads is not installed.
    """
    _teach_topics(settings, if_stale=if_stale, tell=tell)
    _teach_risk(settings, if_stale=if_stale, tell=tell)


def _teach_topics(settings: Settings, *, if_stale: bool, tell: Tell) -> None:
    from bot import model

    if if_stale and not model.is_stale(settings.model, settings.data):
        return
    from bot.rasa_compat.training import train

    tell("Training the model …")
    train(settings.data, settings.model, progress=lambda line: tell(f"  {line}"))
    tell(f"Wrote {settings.model}")


def _teach_risk(settings: Settings, *, if_stale: bool, tell: Tell) -> None:
    from bot.risk import training
    from bot.risk.ordinary import OrdinaryTalkError

    if if_stale and not training.is_stale(settings.learned, settings.data):
        return
    tell("Training the learned layer of risk …")
    try:
        training.train(settings.data, settings.learned, progress=lambda line: tell(f"  {line}"))
    except OrdinaryTalkError as error:
        raise Refusal(f"{str(error).capitalize()}.") from error
    tell(f"Wrote {settings.learned}")
