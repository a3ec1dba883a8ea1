"""R16 over the channel: both ledgers, one confirmation, who answers, and a crisis all the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from bot.messages import Language, Level
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.tables import Conversation, Direction, Handoff, Notification, Reason, Turn
from tests.fixtures.clock import HandClock
from tests.fixtures.texting import Line, card, open_line

CRISIS = "i want to kill myself"


async def ledgers(line: Line) -> tuple[bool, bool]:
    """Whether the person asked for no texts, and whether the network is known to block them."""
    async with line.talk.database.transaction() as session:
        row = (await session.scalars(select(Conversation))).one()
    return row.opted_out_at is not None, row.blocked_at is not None


async def test_stop_is_kept_in_both_ledgers_and_confirmed_once(line: Line) -> None:
    assert await line.text("Stop") == [card("opt_out")]
    assert await ledgers(line) == (True, True)
    assert await line.text("is it addictive") == []
    assert all(number in card("opt_out") for number in ("988", "911", "415-3213"))


async def test_plain_words_are_kept_in_ours_alone(line: Line) -> None:
    assert await line.text("please stop texting me") == [card("opt_out")]
    assert await ledgers(line) == (True, False)


async def test_a_first_text_that_opts_out_gets_nothing_but_its_confirmation(line: Line) -> None:
    assert await line.text("no me escriban más") == [card("opt_out", Language.ES)]


@pytest.mark.parametrize("word", ["ALTO", "PARAR", "REMOVE", "opt out", "stop all"])
async def test_words_that_are_ours_alone(line: Line, word: str) -> None:
    await line.text(word)
    assert await ledgers(line) == (True, False)


async def test_a_crisis_from_an_opted_out_number_is_answered_and_staff_are_told(line: Line) -> None:
    await line.text("Stop")
    (bubble,) = await line.bubbles(CRISIS)
    assert "911" in bubble.text
    await line.carrier.settle()
    assert (bubble.state, bubble.code) == ("failed", "21610")
    assert await line.count(Notification, Notification.reason == Reason.CANNOT_TEXT_BACK) >= 1
    assert await line.count(Handoff) == 1


async def test_start_brings_the_texts_back(line: Line) -> None:
    await line.text("STOP")
    assert await line.text("START") == [card("opted_in")]
    assert await ledgers(line) == (False, False)
    assert (await line.text("is it addictive"))[-1].startswith("Yes, ketamine")


async def test_yes_is_an_answer_but_for_somebody_who_opted_out(line: Line) -> None:
    await line.text("is it addictive")
    assert card("opted_in") not in await line.text("YES")
    await line.text("no more texts please")
    assert await line.text("yes") == [card("opted_in")]


async def test_help_is_the_service_text_with_988_first_and_a_concern(line: Line) -> None:
    assert await line.text("HELP") == [card("help")]
    assert card("help").index("988") < card("help").index("415-3213")
    assert await line.scalar(select(Turn.level).where(Turn.direction == Direction.INBOUND)) is Level.CONCERN
    assert await line.count(Handoff) == 0


async def test_ayuda_is_answered_in_spanish_and_info_in_the_persons_language(line: Line) -> None:
    assert await line.text("AYUDA", "+14075550151") == [card("help", Language.ES)]
    await line.text("¿la ketamina crea adicción en las personas?", "+14075550152")
    assert await line.text("INFO", "+14075550152") == [card("help", Language.ES)]
    assert await line.text("INFO", "+14075550153") == [card("help")]


@pytest.mark.parametrize("word", ["STOP", "HELP"])
async def test_where_the_network_answers_by_itself_we_send_nothing(advanced: Line, word: str) -> None:
    await advanced.text("is it addictive")
    name = {"STOP": "opt_out", "HELP": "help"}[word]
    # What comes is the network's, with the same numbers.
    assert await advanced.text(word) == [card(name)]
    assert [bubble.by for bubble in advanced.carrier.phone("+14075550142").bubbles][-1] == "network"


async def test_the_networks_ledger_stands_whatever_the_words_mean(advanced: Line) -> None:
    await advanced.text("i want to")
    # Read together with the text before it this is a crisis; it is a STOP for the network all the same.
    texts = await advanced.text("END")
    assert texts[0] == card("opt_out")
    assert (await ledgers(advanced))[1]
    assert await advanced.text("START") == [card("opted_in")]
    assert await ledgers(advanced) == (False, False)


async def test_a_person_who_texts_stop_in_despair_is_still_in_a_crisis(line: Line) -> None:
    await line.text(CRISIS)
    assert await line.text("stop") == [card("opt_out")]
    assert await line.count(Handoff, Handoff.closed_at.is_(None)) == 1
    assert "911" in (await line.text("i have the pills in my hand"))[0]


async def test_an_opt_out_holds_while_the_database_is_away(
    ring: KeyRing, tmp_path: Path, clock: HandClock
) -> None:
    away = Database(f"sqlite+aiosqlite:///{tmp_path / 'none' / 'x.db'}", ring)
    async with open_line(away, ring, tmp_path, clock) as line:
        assert await line.text("no more texts please") == [card("opt_out")]
        assert await line.text("is it addictive") == []
        assert "911" in (await line.text(CRISIS))[0]
        assert await line.text("START") == [card("opted_in")]
        assert await line.text("is it addictive") != []
