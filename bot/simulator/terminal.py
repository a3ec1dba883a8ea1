"""The simulated phone in a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from bot.simulator.phone import Bubble, By
from bot.simulator.simulation import PERSON, Simulation

PROMPT: Final = "you> "
WHO: Final = {By.CLINIC: "clinic", By.NETWORK: "network", By.PERSON: "you"}


async def talk(simulation: Simulation, read: Callable[[], str], tell: Callable[[str], None]) -> None:
    """Text until the input ends.

    Args:
        simulation: A carrier and a Harborline.
        read: The next line of the person; raises EOFError at the end. It may block.
        tell: Shows a line.
    """
    tell(f"A phone with the number {PERSON}. Type what it texts; Ctrl-D ends.")
    while True:
        try:
            text = await asyncio.to_thread(read)
        except EOFError:
            return
        bubbles = await simulation.carrier.text(PERSON, text)
        await simulation.carrier.settle()
        for bubble in bubbles:
            tell(_shown(bubble))
        if not bubbles:
            tell("(no text comes back)")
        if simulation.carrier.phone(PERSON).blocked:
            tell("(opted out: the network blocks the clinic's texts until START)")


def _shown(bubble: Bubble) -> str:
    state = f"{bubble.state} {bubble.code}" if bubble.code else bubble.state
    shown = bubble.to_json()
    parts = f"{shown['segments']} segment{'s' if shown['segments'] > 1 else ''}"
    return f"\n{WHO[bubble.by]}> {bubble.text}\n  [{parts}, {shown['length']}, {state}]"
