"""Harborline over its HTTP API, with a database, a spool and a key of its own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import aiohttp

from bench.processes import HARBORLINE, Process, running
from bench.systems import Running, responds, until

NAME: Final = "Harborline"
START_SECONDS: Final = 60.0
ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+")


class Api:
    """Conversations by way of `/api/conversations` and `/api/messages`."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._tokens: dict[str, str] = {}

    async def open(self) -> str:
        """Open a conversation as the page does."""
        async with self._session.post(f"{self._url}/api/conversations", json={"language": "en"}) as response:
            opened = await response.json()
        self._tokens[opened["conversation"]] = opened["token"]
        return str(opened["conversation"])

    async def say(self, conversation: str, text: str) -> list[str]:
        """Send a message under a fresh id."""
        message = {"conversation": conversation, "client_message_id": uuid4().hex, "text": text}
        authorization = {"Authorization": f"Bearer {self._tokens[conversation]}"}
        async with self._session.post(
            f"{self._url}/api/messages", json=message, headers=authorization
        ) as response:
            return [reply["text"] for reply in (await response.json())["replies"]]


@asynccontextmanager
async def serving(session: aiohttp.ClientSession) -> AsyncIterator[Running]:
    """`harborline serve`, listening; the engine may still be loading."""
    settings = {"HARBORLINE_PORT": "0"}
    with tempfile.TemporaryDirectory(prefix="harborline-bench-") as folder:
        async with running(
            "harborline serve", [*HARBORLINE, "serve"], folder=Path(folder), settings=settings
        ) as process:
            url = await _address(process)
            ready = partial(responds, session, f"{url}/health/ready")
            yield Running(
                Api(session, url),
                (process,),
                partial(until, ready, (process,), seconds=START_SECONDS),
                f"{url}/health/live",
            )


async def _address(process: Process) -> str:
    async def printed() -> bool:
        return ADDRESS.search(process.said()) is not None

    await until(printed, (process,), seconds=START_SECONDS)
    return str(ADDRESS.findall(process.said())[0])
