"""`action_areas_served`: is the city that somebody asks about on the clinic's list?"""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.context import Context, standalone


class ActionAreasServed(Action):  # type: ignore[misc]
    """Looks the city up in `data/clinic.yml`, forgiving typing errors."""

    def __init__(self, context: Context | None = None) -> None:
        self._context = context or standalone()

    def name(self) -> str:
        """As the domain and the rules name it."""
        return "action_areas_served"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Say yes, not on the list, or ask which city."""
        text = str(tracker.latest_message.get("text") or "")
        city = self._context.content.city(text)
        if city is not None:
            dispatcher.utter_message(response="utter_areas_served/listed", city=city)
        elif self._context.content.names_place(text):
            dispatcher.utter_message(response="utter_areas_served/not_listed")
        else:
            dispatcher.utter_message(response="utter_areas_served/which")
        return []
