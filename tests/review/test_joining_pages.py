"""Joining from the desk: the person reads staff, the bot is silent, and after three minutes it answers."""

from __future__ import annotations

import re

import pytest

from bot.messages import Channel, Risk, Silent
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

    [mark] = re.findall(r'"after": "([\d.]+)"', text)
    fresh = await (await ada.get(f"{path}/turns?after={mark}")).text()
    [mark] = re.findall(r'"after": "([\d.]+)"', fresh)
    assert (await ada.get(f"{path}/turns?after={mark}")).status == 204
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


async def test_somebody_who_texts_is_joined_only_where_texts_can_be_sent(
    log_in: LogIn, services: Services, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(hours=4)
    ada = await log_in("ada")
    said = await write(
        services.database,
        services.ring,
        clock.now(),
        "hi",
        Risk(),
        channel=Channel.SMS,
        sender="+14075550142",
    )
    path = f"/staff/transcripts/{said.conversation}"
    text = await (await ada.get(path)).text()
    assert "This person cannot be texted" in text
    assert "SMS is off" in text
    assert (await ada.post(f"{path}/join", name="Ana")).status == 409

    monkeypatch.setattr(Services, "texts_off", None)
    assert "is told by text" in await (await ada.get(path)).text()
    assert (await ada.post(f"{path}/join", name="Ana")).status == 303
    assert "Queued" in await (await ada.get(path)).text()
    short = await (await ada.post(f"{path}/length", text="á" * 71)).text()
    assert "2 segments." in short
    assert "longer" in short
    refused = await ada.post(f"{path}/say", text="word " * 390, key="1")
    assert refused.status == 409
    page = await refused.text()
    assert "3 text messages of 3 segments" in page
    assert "word word" in page, "what was written is not lost"

    clock.advance(hours=10)
    ada = await log_in("ada")
    text = await (await ada.get(path)).text()
    assert "Text now, although it is night there" in text
    assert (await ada.post(f"{path}/say", text="Awake?", key="2")).status == 409
    assert (await ada.post(f"{path}/say", text="Awake?", key="2", override="yes")).status == 303
