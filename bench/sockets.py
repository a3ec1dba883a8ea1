"""How long a crisis message takes over the widget's socket and over HTTP: `python -m bench.sockets`."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from bench import environment
from bench.processes import BenchError
from tests.fixtures.server import running

CONNECTIONS: Final = 50
MESSAGES: Final = 10
"""Of each connection, which sends the next when the last is answered."""
ROUNDS: Final = 3
WORDS: Final = "i want to kill myself"

Say = Callable[[str], Awaitable[list[dict[str, Any]]]]
"""Sends a message under an id; the replies."""


async def measure(url: str) -> list[str]:
    """Lines of figures, in milliseconds; the two ways take turns, so that both meet the same neighbours."""
    took: dict[str, list[float]] = {"HTTP": [], "socket": []}
    unsaved = {"HTTP": 0, "socket": 0}
    connector, timeout = TCPConnector(limit=CONNECTIONS), ClientTimeout(total=30)
    async with ClientSession(url, connector=connector, timeout=timeout) as session:
        for _ in range(ROUNDS):
            for way, connect in (("HTTP", over_http), ("socket", over_socket)):
                together = asyncio.Barrier(CONNECTIONS)
                sending = (_send(session, connect, together) for _ in range(CONNECTIONS))
                for seconds, without in await asyncio.gather(*sending):
                    took[way] += seconds
                    unsaved[way] += without
    return [_line(way, seconds, unsaved[way]) for way, seconds in took.items()]


@asynccontextmanager
async def over_http(session: ClientSession, opened: dict[str, Any]) -> AsyncIterator[Say]:
    """A conversation by POST /api/messages."""
    headers = {"Authorization": f"Bearer {opened['token']}"}

    async def say(named: str) -> list[dict[str, Any]]:
        body = {"conversation": opened["conversation"], "client_message_id": named, "text": WORDS}
        async with session.post("/api/messages", json=body, headers=headers) as response:
            return list((await response.json())["replies"])

    yield say


@asynccontextmanager
async def over_socket(session: ClientSession, opened: dict[str, Any]) -> AsyncIterator[Say]:
    """A conversation by a socket, opened before the clock starts."""
    async with session.ws_connect("/api/socket", protocols=["harborline.v1"]) as socket:
        hello = {"conversation": opened["conversation"], "token": opened["token"]}
        await socket.send_json({"type": "hello", **hello})
        await socket.receive()

        async def say(named: str) -> list[dict[str, Any]]:
            await socket.send_json({"type": "message", "client_message_id": named, "text": WORDS})
            while (frame := json.loads((await socket.receive()).data))["type"] != "replies":
                pass
            return list(frame["turns"])

        yield say


async def _send(session: ClientSession, connect: Any, together: asyncio.Barrier) -> tuple[list[float], int]:
    async with session.post("/api/conversations", json={}) as response:
        opened = await response.json()
    took, unsaved = list[float](), 0
    async with connect(session, opened) as say:
        await together.wait()
        for _ in range(MESSAGES):
            began = time.perf_counter()
            replies = await say(uuid4().hex)
            took.append(time.perf_counter() - began)
            if replies[0]["kind"] != "crisis":
                raise BenchError(f"a crisis got {replies[0]['kind']} instead of its card")
            unsaved += len(replies) - 1
    return took, unsaved


def _line(what: str, seconds: Sequence[float], unsaved: int) -> str:
    ordered = sorted(seconds)
    p50, p99 = (ordered[round((len(ordered) - 1) * share)] * 1000 for share in (0.5, 0.99))
    figures = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    return f"{what}: {len(ordered)} crisis messages, {figures}; {unsaved} not saved in time"


def main() -> None:
    """Start a server of its own, and print the environment and the figures."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as server:
        server.wait_ready()
        sys.stdout.write(f"{asyncio.run(environment.look(Path(folder)))}\n{CONNECTIONS} connections\n")
        for line in asyncio.run(measure(server.url)):
            sys.stdout.write(f"{line}\n")
        busy = asyncio.run(environment.others())
        sys.stdout.write(f"other programs: {busy:.0f} % of the processor\n")


if __name__ == "__main__":
    main()
