"""Reviewing on both databases: what is chosen, blind rounds, agreement, labels, missed crises."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.messages import Candidate, EngineReply, Kind, Level, Risk
from bot.reviewing import choosing, giving, waiting
from bot.reviewing.agreement import Kappa, agreement, kappa
from bot.reviewing.choosing import Sampling
from bot.reviewing.labels import agreed_cases, to_yaml
from bot.reviewing.verdicts import NOTHING, Judgement, VerdictError, agree, judged_blind
from bot.staff.roles import Role
from bot.transcripts import feedback, turns
from bot.transcripts.database import Database
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import RecordedEntry
from bot.transcripts.tables import (
    Conversation,
    Handoff,
    HandoffReason,
    HazardEntry,
    Notification,
    ReviewItem,
    ReviewReason,
    ReviewStage,
    StaffMember,
    Turn,
    Verdict,
)
from bot.transcripts.unsettled import unsettled
from tests.fixtures.clock import HandClock
from tests.fixtures.desk import CRISIS, add_member, write
from tests.fixtures.examples import ANSWER

ZONE = ZoneInfo("America/New_York")
NONE = Sampling(percent=0, weekly=0)
RIGHT = Judgement(verdict=Verdict.RIGHT)
MISSED = Judgement(verdict=Verdict.MISSED, level=Level.CRISIS, kind=Kind.SUICIDE)


@pytest.fixture
async def people(database: Database, ring: KeyRing, clock: HandClock) -> list[StaffMember]:
    return [
        await add_member(database, ring, clock.now(), login=login, role=Role.CLINICIAN)
        for login in ("ada", "ben", "cleo")
    ]


async def say(
    database: Database,
    ring: KeyRing,
    clock: HandClock,
    text: str = "what are the risks",
    risk: Risk | None = None,
    *,
    confidence: float = 0.9,
) -> Turn:
    """A message that was answered; its stored turn."""
    said = await write(database, ring, clock.now(), text, risk or Risk())
    async with database.transaction() as session:
        turn = (await session.scalars(select(Turn).where(Turn.conversation_id == said.conversation))).one()
        understood = EngineReply(
            topic="risks", confidence=confidence, candidates=(Candidate("risks", confidence),)
        )
        answered = RecordedEntry(turn.id, said.conversation, (ANSWER,), understood, 10, clock.now())
        await turns.record_outbound(session, ring, answered)
    return turn


async def gather(
    database: Database, ring: KeyRing, clock: HandClock, sampling: Sampling = NONE
) -> dict[UUID, ReviewItem]:
    async with database.reading() as session:
        choice = await choosing.choose(session, ring, sampling, ZONE, clock.now())
    async with database.transaction() as session:
        await choosing.put_up(session, ring, choice, clock.now())
        return {item.turn_id: item for item in await session.scalars(select(ReviewItem))}


async def item_of(database: Database, turn: Turn) -> ReviewItem:
    async with database.transaction() as session:
        return await session.get_one(ReviewItem, turn.id)


async def judge(
    database: Database,
    ring: KeyRing,
    clock: HandClock,
    turn: Turn,
    who: StaffMember,
    judgement: Judgement,
    stage: ReviewStage = ReviewStage.FIRST,
) -> UUID | None:
    clock.advance(seconds=1)
    async with database.transaction() as session:
        return await giving.give(
            session, ring, turn.id, who.id, judgement, clock.now(), stage=stage, note="a note"
        )


async def test_dangers_doubts_and_thumbs_down_are_chosen_once(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    plain = await say(database, ring, clock)
    danger = await say(database, ring, clock, "i want to die", CRISIS)
    unsure = await say(database, ring, clock, "hm", confidence=0.3)
    disliked = await say(database, ring, clock, "is it safe")
    async with database.transaction() as session:
        reply = turns.outbound_id(disliked.id, 0)
        await feedback.keep(
            session,
            ring,
            conversation=disliked.conversation_id,
            turn=reply,
            helpful=False,
            comment=None,
            now=clock.now(),
        )
    clock.advance(minutes=1)
    for _ in range(2):
        items = await gather(database, ring, clock)
        assert {turn: item.reason for turn, item in items.items()} == {
            danger.id: ReviewReason.RISK,
            unsure.id: ReviewReason.UNSURE,
            disliked.id: ReviewReason.UNHELPFUL,
        }
        clock.advance(hours=5)
    assert plain.id not in items
    assert items[danger.id].twice


async def test_a_danger_that_comes_late_is_chosen_all_the_same(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    await gather(database, ring, clock)
    clock.advance(days=3)
    await gather(database, ring, clock)
    late = HandClock(clock.now() - timedelta(days=2))
    danger = await say(database, ring, late, "i want to die", CRISIS)
    assert danger.id in await gather(database, ring, clock)


async def test_samples_are_drawn_by_the_key_and_only_grow(
    database: Database, ring: KeyRing, clock: HandClock
) -> None:
    said = [await say(database, ring, clock, f"question {number}") for number in range(60)]
    clock.advance(minutes=1)
    few = set(await gather(database, ring, clock, Sampling(percent=20, weekly=0)))
    assert 2 <= len(few) <= 25
    expected = {turn.id for turn in said if choosing.drawn(ring, "sample", turn.id, 20)}
    assert few == expected
    assert few <= {turn.id for turn in said if choosing.drawn(ring, "sample", turn.id, 40)}


async def test_a_week_without_danger_is_sampled_once_and_the_desk_says_when_it_is_late(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    said = [await say(database, ring, clock, f"question {number}") for number in range(6)]
    await say(database, ring, clock, "i want to die", CRISIS)
    clock.advance(days=7)
    sampling = Sampling(percent=0, weekly=4)
    for _ in range(2):
        items = await gather(database, ring, clock, sampling)
    drawn = [turn for turn, item in items.items() if item.week == date(2026, 3, 2)]
    assert len(drawn) == 4
    assert set(drawn) <= {turn.id for turn in said}
    async with database.reading() as session:
        [week] = await waiting.weeks(session, ZONE, clock.now())
        assert (week.drawn, week.read, week.late) == (4, 0, False)
        clock.advance(days=7)
        assert [week.late for week in await waiting.weeks(session, ZONE, clock.now())] == [True]
    for turn in said:
        if turn.id in drawn:
            await judge(database, ring, clock, turn, people[0], RIGHT)
    async with database.reading() as session:
        assert [week.late for week in await waiting.weeks(session, ZONE, clock.now())] == [False]


async def test_two_who_agree_settle_it_and_only_then_it_leaves(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    ada, ben, _ = people
    turn = await say(database, ring, clock, "how much does it cost", confidence=0.3)
    await gather(database, ring, clock)
    wrong = Judgement(verdict=Verdict.WRONG_ANSWER, label="insurance")
    await judge(database, ring, clock, turn, ada, wrong)
    async with database.reading() as session:
        assert await unsettled(session, ring, clock.now() - timedelta(days=1)) == ()
        assert await waiting.next_item(session, ada.id, Role.CLINICIAN) is None
        assert await waiting.next_item(session, ben.id, Role.REVIEWER) == turn.id
    with pytest.raises(VerdictError, match="somebody else must"):
        await judge(database, ring, clock, turn, ada, wrong, ReviewStage.SECOND)
    with pytest.raises(VerdictError, match="meanwhile"):
        await judge(database, ring, clock, turn, ben, wrong, ReviewStage.FIRST)
    await judge(database, ring, clock, turn, ben, wrong, ReviewStage.SECOND)
    settled = await item_of(database, turn)
    assert (settled.stage, settled.label) == (ReviewStage.SETTLED, "insurance")
    async with database.reading() as session:
        [left] = await unsettled(session, ring, clock.now() - timedelta(days=1))
    assert (left.label, left.reasons) == ("insurance", ("corrected",))


async def test_a_third_decides_where_two_differ(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    ada, ben, cleo = people
    turn = await say(database, ring, clock, "call me on 321 555 0199, my name is Zelda", CRISIS)
    await gather(database, ring, clock)
    await judge(database, ring, clock, turn, ada, RIGHT)
    false = Judgement(verdict=Verdict.FALSE_ALARM)
    await judge(database, ring, clock, turn, ben, false, ReviewStage.SECOND)
    assert (await item_of(database, turn)).stage is ReviewStage.THIRD
    async with database.reading() as session:
        assert await waiting.next_item(session, cleo.id, Role.REVIEWER) is None
        assert await waiting.next_item(session, cleo.id, Role.CLINICIAN) == turn.id
        assert await waiting.counts(session) == {(ReviewStage.THIRD, ReviewReason.RISK): 1}
        assert await agreed_cases(session, ring, frozenset()) == []
    await judge(database, ring, clock, turn, cleo, false, ReviewStage.THIRD)
    async with database.reading() as session:
        cases = await agreed_cases(session, ring, frozenset())
        agreed = await agreement(session)
    assert (cases[0].verdict, cases[0].found) == (Verdict.FALSE_ALARM, Level.CRISIS)
    written = to_yaml(cases)
    assert "NUMBER" in written
    assert "0199" not in written
    assert "Zelda" not in written
    assert "!!python" not in written
    assert (agreed.danger.n, agreed.verdict.n) == (1, 1)


async def test_a_missed_crisis_opens_a_case_at_once_and_is_written_down(
    database: Database, ring: KeyRing, clock: HandClock, people: list[StaffMember]
) -> None:
    turn = await say(database, ring, clock, "i have the note ready", confidence=0.3)
    await gather(database, ring, clock)
    case = await judge(database, ring, clock, turn, people[0], MISSED)
    assert case is not None
    async with database.reading() as session:
        row = await session.get_one(Handoff, case)
        assert (row.reason, row.level, row.kind) == (
            HandoffReason.FOUND_IN_REVIEW,
            Level.CRISIS,
            Kind.SUICIDE,
        )
        assert len((await session.scalars(select(Notification))).all()) == 1
        [hazard] = (await session.scalars(select(HazardEntry))).all()
        assert (hazard.turn_id, hazard.was, hazard.level) == (turn.id, Level.NONE, Level.CRISIS)
        chat = await session.get_one(Conversation, turn.conversation_id)
        assert (chat.highest, chat.has_case, chat.reviewed) == (Level.CRISIS, True, True)
    assert await judge(database, ring, clock, turn, people[1], MISSED, ReviewStage.SECOND) is None
    async with database.reading() as session:
        [case_file] = await agreed_cases(session, ring, frozenset())
    assert (case_file.verdict, case_file.level) == (Verdict.MISSED, Level.CRISIS)


def turn_of(level: Level, topic: str | None = "risks") -> Turn:
    return Turn(level=level, topic=topic)


@pytest.mark.parametrize(
    ("read", "found", "topic", "verdict"),
    [
        (Level.NONE, Level.NONE, "risks", Verdict.RIGHT),
        (Level.NONE, Level.CONCERN, "risks", Verdict.RIGHT),
        (Level.NONE, Level.NONE, "insurance", Verdict.WRONG_ANSWER),
        (Level.NONE, Level.CRISIS, "risks", Verdict.MISSED),
        (Level.CONCERN, Level.NONE, "risks", Verdict.FALSE_ALARM),
        (Level.CRISIS, Level.NONE, "risks", Verdict.FALSE_ALARM),
        (Level.CRISIS, Level.CRISIS, NOTHING, Verdict.RIGHT),
        (Level.CRISIS, Level.EMERGENCY, NOTHING, Verdict.MISSED),
        (Level.EMERGENCY, Level.CRISIS, NOTHING, Verdict.RIGHT),
    ],
)
def test_a_blind_reading_becomes_a_verdict(read: Level, found: Level, topic: str, verdict: Verdict) -> None:
    assert judged_blind(turn_of(read), found, Kind.SUICIDE, topic).verdict is verdict


def test_what_verdicts_need() -> None:
    for judgement, read in (
        (Judgement(verdict=Verdict.WRONG_ANSWER), Level.NONE),
        (Judgement(verdict=Verdict.MISSED), Level.NONE),
        (Judgement(verdict=Verdict.MISSED, level=Level.CONCERN, kind=Kind.DISTRESS), Level.NONE),
        (MISSED, Level.CRISIS),
        (Judgement(verdict=Verdict.FALSE_ALARM), Level.NONE),
    ):
        with pytest.raises(VerdictError):
            judgement.checked(read)
    assert agree(Judgement(verdict=Verdict.NEEDS_EDITING), RIGHT)
    assert not agree(Judgement(verdict=Verdict.WRONG_ANSWER, label="a"), RIGHT)


def test_kappa_is_that_of_the_literature() -> None:
    """Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, table 18.1: 0.68, s.e. 0.087."""
    table = {("a", "a"): 75, ("a", "b"): 1, ("a", "c"): 4, ("b", "a"): 5, ("b", "b"): 4, ("b", "c"): 1}
    table |= {("c", "c"): 10}
    found = kappa([pair for pair, count in table.items() for _ in range(count)])
    assert found.n == 100
    assert found.value == pytest.approx(0.68, abs=0.005)
    assert found.interval is not None
    assert found.interval == pytest.approx((0.68 - 1.96 * 0.087, 0.68 + 1.96 * 0.087), abs=0.005)
    assert kappa([]).value is None
    assert kappa([(True, True)] * 5).value is None
    assert kappa([(True, False), (False, True)]).value == -1
    assert kappa([(True, True), (False, False)]) == Kappa(2, 1.0, None)
