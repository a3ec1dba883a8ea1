"""Stock Rasa 3.6 on the same data: `harborline rasa run` beside `harborline rasa run actions`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final
from uuid import uuid4

import aiohttp

from bench import stock_project
from bench.processes import HARBORLINE, finished, free_port, running
from bench.systems import Running, responds, until
from bot.content import Content

NAME: Final = "stock Rasa"
START_SECONDS: Final = 120.0
TRAINING_SECONDS: Final = 600.0
RASA: Final = (*HARBORLINE, "rasa")


class Rest:
    """Conversations by way of the REST channel, which knows a conversation by its sender."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._webhook = f"{url}/webhooks/rest/webhook"

    async def open(self) -> str:
        """A new sender."""
        return uuid4().hex

    async def say(self, conversation: str, text: str) -> list[str]:
        """Send a message; the channel splits texts at blank lines, so they are joined again."""
        async with self._session.post(
            self._webhook, json={"sender": conversation, "message": text}
        ) as response:
            replies = await response.json()
        return ["\n\n".join(reply["text"] for reply in replies if "text" in reply)]


async def train(project: Path, content: Content, *, actions_port: int) -> float:
    """Make the project and train it; how many seconds training took.

    Raises:
        BenchError: Rasa refused.
    """
    stock_project.write(project, content, actions_port=actions_port)
    started = time.monotonic()
    command = [*RASA, "train", "--fixed-model-name", "stock", "--out", "models"]
    await finished("rasa train", command, folder=project, seconds=TRAINING_SECONDS)
    return time.monotonic() - started


@asynccontextmanager
async def serving(
    session: aiohttp.ClientSession, project: Path, *, actions_port: int
) -> AsyncIterator[Running]:
    """Both servers, started at the same time; the first of them listens."""
    port = free_port()
    url, actions_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{actions_port}"
    serve = [*RASA, "run", "--model", "models/stock.tar.gz", "--interface", "127.0.0.1", "--port", str(port)]
    act = [*RASA, "run", "actions", "--port", str(actions_port)]
    (project / "var").mkdir(exist_ok=True)
    async with (
        running("rasa run", serve, folder=project) as server,
        running("rasa run actions", act, folder=project) as actions,
    ):
        both = (server, actions)
        await until(partial(responds, session, url), both, seconds=START_SECONDS)
        actions_ready = partial(responds, session, f"{actions_url}/health")
        yield Running(
            Rest(session, url), both, partial(until, actions_ready, both, seconds=START_SECONDS), url
        )
