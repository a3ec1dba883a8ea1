"""Where a provider reports what became of a text: our webhook's address, with our own name for the text."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from bot.texting.progress import OfReply, OfText


class Reports:
    """Addresses for one provider's reports.

    Args:
        base_url: Where the provider reaches us, without a slash at the end.
        provider: Its name in the path.
    """

    def __init__(self, base_url: str, provider: str) -> None:
        self._url = f"{base_url}/sms/{provider}/status"

    def of_text(self, text: UUID) -> str:
        """For a text that goes through the API."""
        return f"{self._url}?{urlencode({'text': str(text)})}"

    def of_reply(self, external_id: str, place: int, conversation: UUID, *, crisis: bool) -> str:
        """For a reply in the response to a webhook. It tells enough to page staff without the database."""
        fields = {"reply": external_id, "place": str(place), "conversation": str(conversation)}
        return f"{self._url}?{urlencode(fields | ({'crisis': 'yes'} if crisis else {}))}"


def subject(query: Mapping[str, str]) -> OfText | OfReply | None:
    """What a report is about; None for one that we did not ask for."""
    try:
        if "text" in query:
            return OfText(UUID(query["text"]))
        if "reply" in query:
            return OfReply(query["reply"], int(query.get("place", "0")))
    except ValueError:
        return None
    return None
