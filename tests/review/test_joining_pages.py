"""Joining from the desk: the person reads staff, the bot is silent, and after three minutes it answers."""

from __future__ import annotations

import re

from bot.messages import Risk, Silent
from bot.services import Services
from bot.staff.roles import Role
from bot.transcripts.following import turns_after
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import write
from tests.fixtures.examples import message
from tests.review.conftest import LogIn


async def test_from_joining_to_giving_back(log_in: LogIn, services: Services, clock: HandClock) -> None:
    ada, ben, rae = await log_in("ada"), await log_in("ben"), await log_in("rae", Role.REVIEWER)
    said = await write(services.database, services.ring, clock.now(), "hello", Risk())
    path = f"/staff/transcripts/{said.conversation}"
    clock.advance(seconds=30)
    assert "Join this conversation" in await (await ada.get(path)).text()
    assert "Join this conversation" not in await (await rae.get(path)).text()
    assert (await rae.post(f"{path}/join", name="Rae")).status == 403
    assert (await ada.post(f"{path}/join", name="Ana")).status == 303
    assert (await ben.post(f"{path}/join", name="Ben")).status == 409

    text = await (await ada.get(path)).text()
    assert "You are in this conversation" in text
    assert "Ben looks" not in text or "Rae" in text
    [key] = set(re.findall(r'name="key" value="([\w-]{36})"', text))
    for _ in range(2):
        assert (await ada.post(f"{path}/say", text="How are you <b>?", key=key)).status == 303
    assert (await ben.post(f"{path}/say", text="x", key=key)).status == 409

    again = message(clock.now(), "is anybody there", conversation=said.conversation)
    assert isinstance(await services.responder.respond(again), Silent)
    danger = message(clock.now(), "i want to kill myself", conversation=said.conversation)
    cards = await services.responder.respond(danger)
    assert not isinstance(cards, Silent)
    assert "988" in cards[0].text

    none = await ada.get(f"{path}/turns?after=99")
    assert none.status == 204
    fresh = await (await ada.get(f"{path}/turns?after=2")).text()
    assert "How are you &lt;b&gt;?" in fresh
    assert "is anybody there" in fresh

    clock.advance(minutes=3)
    assert await services.cover() == 1
    async with services.database.reading() as session:
        kept = await turns_after(session, services.ring, said.conversation, 0)
    texts = [turn.reply.text for turn in kept if turn.reply is not None]
    assert texts[0].startswith("Ana: I work at the clinic")
    assert texts.count("How are you <b>?") == 1
    assert any("has not written for three minutes" in text for text in texts)
    assert "988" in texts[-1], texts

    assert (await ada.post(f"{path}/back")).status == 303
    assert "Join this conversation" in await (await ada.get(path)).text()
