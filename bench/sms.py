"""How soon texts are answered, and whether any is lost or doubled: `python -m bench.sms`.

The carrier is this process, the server another one: the real program, with the trained model, on SQLite.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.messages import Level
from bot.simulator.carrier import Carrier
from bot.transcripts.tables import Conversation, Direction, Handoff, Turn
from tests.fixtures.records import Records
from tests.fixtures.server import Server, running
from tests.fixtures.stock import free_port

ACCOUNT: Final = f"AC{'3' * 32}"
TOKEN: Final = "a-token-for-measuring"  # noqa: S105
SENDERS: Final = 50
TEXTS: Final = 10
ROUNDS: Final = ("is ketamine addictive", "do you take my insurance", "what are the risks", "thank you")
AT_ONCE: Final = 1_000
MESSAGES, COPIES = 20, 50
CRISIS: Final = "i want to kill myself"
SETTLED_SECONDS: Final = 240.0


async def measure(server: Server) -> list[str]:
    """Lines of figures."""
    carrier = Carrier(server.url, account=ACCOUNT, token=TOKEN, number="+13215550100", advanced=False)
    carrier.reports = False
    try:
        await _text(carrier, "+14074440000", "hello")
        lines = [await _senders(carrier)]
        await _settled(server, 1 + SENDERS * TEXTS)
        lines.extend([await _at_once(server, carrier), await _storm(server, carrier)])
    finally:
        await carrier.close()
    return lines


async def _text(
    carrier: Carrier, number: str, text: str, sid: str | None = None
) -> tuple[float, tuple[str, ...]]:
    """The seconds that a text took, and what came back."""
    began = time.perf_counter()
    bubbles = await carrier.text(number, text, sid=sid)
    return time.perf_counter() - began, tuple(bubble.text for bubble in bubbles)


async def _senders(carrier: Carrier) -> str:
    async def one(place: int) -> list[float]:
        number = f"+1407444{place + 1:04}"
        return [
            (await _text(carrier, number, CRISIS if turn == TEXTS - 1 else ROUNDS[turn % len(ROUNDS)]))[0]
            for turn in range(TEXTS)
        ]

    seconds = [each for took in await asyncio.gather(*map(one, range(SENDERS))) for each in took]
    return _line(f"{SENDERS} senders, {TEXTS} texts each without a pause", seconds)


async def _at_once(server: Server, carrier: Carrier) -> str:
    numbers = [f"+1321{5_550_000 + place}" for place in range(AT_ONCE)]
    before = _counts(server)
    answers = await asyncio.gather(*(_text(carrier, number, CRISIS) for number in numbers))
    cards = sum(len(texts) == 1 and "988" in texts[0] and "911" in texts[0] for _, texts in answers)
    stored = await _settled(server, before[0] + AT_ONCE)
    new = [now - then for now, then in zip(stored, before, strict=True)]
    line = _line(f"{AT_ONCE} numbers in the same moment, each in crisis", [took for took, _ in answers])
    return f"{line}; {cards} cards, stored {new[0]} texts, {new[1]} conversations, {new[2]} hand-offs"


async def _storm(server: Server, carrier: Carrier) -> str:
    before = _counts(server)

    async def one(place: int) -> tuple[list[float], int]:
        number, sid = f"+1386{5_550_000 + place}", f"SM{uuid4().hex}"
        copies = await asyncio.gather(*(_text(carrier, number, CRISIS, sid) for _ in range(COPIES)))
        return [took for took, _ in copies], len({texts[-1:] for _, texts in copies})

    found = await asyncio.gather(*map(one, range(MESSAGES)))
    stored = await _settled(server, before[0] + MESSAGES)
    new = [now - then for now, then in zip(stored, before, strict=True)]
    bodies = max(kinds for _, kinds in found)
    line = _line(
        f"{MESSAGES} messages, {COPIES} copies of each at once", [s for took, _ in found for s in took]
    )
    return f"{line}; stored {new[0]} texts, {new[2]} hand-offs, answers that differ: {bodies - 1}"


def _counts(server: Server) -> tuple[int, int, int]:
    """Inbound texts, conversations and hand-offs that are stored."""
    with Records(server).session() as session:
        return (
            _count(session, Turn, Turn.direction == Direction.INBOUND),
            _count(session, Conversation),
            _count(session, Handoff, Handoff.level >= Level.CRISIS),
        )


def _count(session: Session, table: type, *where: object) -> int:
    return session.scalar(select(func.count()).select_from(table).where(*where)) or 0  # type: ignore[arg-type]


async def _settled(server: Server, texts: int) -> tuple[int, int, int]:
    """The counts once the spool is in the database, and two seconds later, so that a double would show."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while _counts(server)[0] < texts and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
    await asyncio.sleep(6)
    return _counts(server)


def _line(what: str, seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    p50, p99 = (ordered[round((len(ordered) - 1) * share)] * 1000 for share in (0.5, 0.99))
    return f"{what}: p50 {p50:.0f} ms, p99 {p99:.0f} ms, most {ordered[-1] * 1000:.0f} ms"


def main() -> None:
    """Measure on a server of its own."""
    port = str(free_port())
    settings = {
        "port": port,
        "public_url": f"http://127.0.0.1:{port}",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": TOKEN,
        "twilio_api_url": "http://127.0.0.1:9",
        "sms_from": "+13215550100",
    }
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), **settings) as server:
        for line in asyncio.run(measure(server.wait_ready())):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
