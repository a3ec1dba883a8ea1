"""Rasa's action endpoint, answered by rasa_sdk in this process: no second server to be down."""

from __future__ import annotations

import asyncio
import json as json_text
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection

from bot.rasa_compat.turn import CURRENT

log = logging.getLogger(__name__)

REJECTED = 400
"""The status by which Rasa knows that an action declined to run."""


class InProcessActions(EndpointConfig):  # type: ignore[misc]
    """Runs actions where Rasa would send a request.

    Rasa passes over an action that fails and goes on with the rule, so failures are noted on the turn.
    """

    def __init__(self, actions: Iterable[Action], *, deadline: timedelta) -> None:
        # Without the selective domain every call would carry all of it.
        super().__init__(url="in-process", enable_selective_domain=True)
        self._executor = ActionExecutor()
        for action in actions:
            self._executor.register_action(action)
        self._deadline = deadline

    async def request(self, *_: Any, json: dict[str, Any], **__: Any) -> Any:
        """Run the action that `json` names."""
        name = str(json["next_action"])
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                return await self._executor.run(json)
        except ActionExecutionRejection as error:
            body = json_text.dumps({"action_name": error.action_name, "error": str(error)})
            raise ClientResponseError(REJECTED, "rejected", body) from error
        except Exception as error:
            self._note(name, error)
            raise

    @staticmethod
    def _note(name: str, error: Exception) -> None:
        log.error("%s failed: %s", name, type(error).__name__)
        turn = CURRENT.get()
        if turn is not None:
            turn.failed_actions.append(name)
