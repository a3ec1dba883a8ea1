"""Makes Rasa say which curated responses it picked, instead of their text."""

from __future__ import annotations

from typing import Any, Final

from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg.generator import NaturalLanguageGenerator

from bot.messages import Channel, Utterance

_PARTS: Final = {"text", "image", "attachment", "template", "response"}
"""Fields of rasa_sdk's `utter_message` that are strings; all others are values for placeholders."""


class ResponseNames(NaturalLanguageGenerator):  # type: ignore[misc]
    """Generates the placeholders' values only; Rasa adds the response's name as `utter_action`.

    The text is rendered later, by the curated content, in the language and for the channel of the
    message: nothing that Rasa remembers can make it the wrong one.
    """

    async def generate(
        self, utter_action: str, tracker: Any, output_channel: str, **values: Any
    ) -> dict[str, Any]:
        """Never fails and never picks among variants."""
        named = {name: value for name, value in values.items() if name not in _PARTS}
        return {"arguments": {name: value for name, value in named.items() if isinstance(value, str)}}


class Utterances(OutputChannel):  # type: ignore[misc]
    """Collects what is uttered in one turn."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.collected: list[Utterance] = []

    def name(self) -> str:
        """Rasa's name of the channel."""
        return self._channel.value

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep the response's name; a text that an action made up has none."""
        self.collected.append(Utterance(message.get("utter_action"), message.get("arguments", {})))
