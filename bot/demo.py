"""Invented people, so that the desk can be tried in a minute: `harborline demo seed`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cards import Cards
from bot.cases import work
from bot.cases.queue import first_waiting
from bot.clock import SystemClock
from bot.content import Content, load
from bot.content import topic as topic_of
from bot.demo_days import Script, scripts
from bot.demo_reviews import review
from bot.messages import Candidate, Channel, EngineReply, Language, Level, Message, PastTurn, Reply
from bot.opening import database_of
from bot.replay import store
from bot.risk import Screener
from bot.settings import Settings, SettingsError
from bot.staff import accounts, factors, passwords
from bot.staff.roles import Role
from bot.transcripts import turns
from bot.transcripts.encryption import KeyRing
from bot.transcripts.entries import AcceptedEntry, RecordedEntry
from bot.transcripts.tables import Conversation, Handoff, Outcome, StaffMember

PASSWORD: Final = "invented people only"  # noqa: S105 - for a demonstration
DECLINED: Final = "utter_out_of_scope"
ASKED_BACK: Final = "utter_ask_back"
TYPING: Final = timedelta(seconds=40)


SCRIPTS: Final = (
    Script(
        190,
        (
            ("is ketamine addictive", "utter_faq/is_addictive"),
            ("and is it safe for depression?", "utter_faq/safe_for_depression"),
        ),
    ),
    Script(160, (("i said i wanna die but it was about my exam lol i am fine", None),)),
    Script(
        43,
        (
            ("are you open at night", "utter_faq/contact_call"),
            ("i can't do this anymore. i want to die", None),
            ("please don't tell my mom", None),
        ),
    ),
    Script(26, (("ya no quiero vivir, estoy cansada de todo", None),), Language.ES, "+14075550142"),
    Script(14, (("my roommate took a whole bottle of pills and she won't wake up", None),)),
    Script(
        9,
        (
            ("what are the risks", "utter_faq/risks"),
            ("i have my dad's gun here and i am going to kill myself tonight", None),
            ("call me on 321 555 0199 if you want", None),
        ),
        Language.EN,
        "+13215550178",
    ),
    Script(4, (("my husband hits me and i am afraid of him", None),)),
)


async def seed(settings: Settings) -> list[str]:
    """Fill an empty database.

    Returns:
        What to tell whoever tries it: where to log in, and how.

    Raises:
        SettingsError: The database holds something, or real people would be paged.
        DataError: `data/` cannot be used.
    """
    if settings.notify_urls:
        raise SettingsError(
            "HARBORLINE_NOTIFY_URLS is set: real people would be paged. Unset it to try the desk."
        )
    content = load(settings.data)
    screener = Screener.load(settings.data / "risk")
    now = SystemClock().now()
    async with database_of(settings) as (database, ring), database.transaction() as session:
        if await session.scalar(select(func.count()).select_from(Conversation)):
            raise SettingsError(
                "The database holds conversations. Name an empty one in HARBORLINE_DATABASE_URL."
            )
        for script in (*scripts(), *SCRIPTS):
            await _play(session, ring, script, content, screener, now)
        lines = [
            line for role in (Role.CLINICIAN, Role.ADMIN) for line in await _account(session, ring, role, now)
        ]
        await _work(session, ring, now)
        await review(session, ring, now, settings.time_zone)
    return [f"Log in at {settings.base_url}/staff/ (start 'harborline serve' first).", *lines]


async def _play(
    session: AsyncSession, ring: KeyRing, script: Script, content: Content, screener: Screener, now: datetime
) -> None:
    conversation, at = uuid4(), now - timedelta(minutes=script.minutes_ago)
    channel = Channel.SMS if script.sender else Channel.WEB
    history: tuple[PastTurn, ...] = ()
    for text, response in script.said:
        risk = screener.screen(text, history, at=at)
        message = Message(conversation, channel, text, uuid4().hex, at, script.language, script.sender)
        entry = AcceptedEntry(uuid4(), message, risk, script.language)
        await store(session, ring, entry)
        replies = _replies(content, entry, response)
        understood = _understood(response)
        answered = RecordedEntry(entry.turn, conversation, replies, understood, 12, at + timedelta(seconds=1))
        await turns.record_outbound(session, ring, answered)
        history = (*history, PastTurn(text, at))
        at += TYPING


def _understood(response: str | None) -> EngineReply:
    """What the engine would have understood: less surely where it asked back or declined."""
    if response is None:
        return EngineReply()
    if response in (DECLINED, ASKED_BACK):
        return EngineReply(candidates=(Candidate("insurance", 0.31), Candidate("risks", 0.27)))
    topic = topic_of(response)
    return EngineReply(
        topic=topic, confidence=0.9, candidates=(Candidate(topic, 0.9), Candidate("more", 0.04))
    )


def _replies(content: Content, entry: AcceptedEntry, response: str | None) -> tuple[Reply, ...]:
    cards, channel = Cards(content), entry.message.channel
    if entry.risk.level >= Level.CRISIS:
        return cards.crisis(entry.risk, entry.language, channel)
    if response is not None:
        return (content.reply(response, entry.language, channel),)
    return (cards.fallback(entry.language, channel),)


async def _account(session: AsyncSession, ring: KeyRing, role: Role, now: datetime) -> list[str]:
    login = f"demo-{role.value}"
    made = await accounts.add(session, ring, login, role, now, name=f"Demo {role.value}")
    member = await session.get_one(StaffMember, made.staff)
    hashed = await passwords.make_hash(PASSWORD)
    codes = await accounts.set_up(session, ring, member, hashed, 0, now)
    shown = "  ".join(codes[: factors.RECOVERY_CODES // 2])
    return [f"{login}, password '{PASSWORD}', and as code one of these, each once:", f"  {shown}"]


async def _work(session: AsyncSession, ring: KeyRing, now: datetime) -> None:
    """Let the demo clinician have worked a little: one case closed, one taken."""
    clinician = await session.scalar(select(StaffMember.id).where(StaffMember.login == "demo-clinician"))
    oldest = await session.scalar(select(Handoff.id).order_by(Handoff.opened_at).limit(1))
    if clinician is None or oldest is None:
        return
    await _close(session, ring, oldest, clinician, now)
    first = await first_waiting(session, now)
    if first is not None:
        await work.take(session, ring, first, clinician, now)
        await work.note(
            session, ring, first, clinician, now, "Called twice, no answer yet. @demo-admin please try 911."
        )


async def _close(session: AsyncSession, ring: KeyRing, case: UUID, clinician: UUID, now: datetime) -> None:
    await work.take(session, ring, case, clinician, now, why="The oldest one")
    await work.close(
        session,
        ring,
        case,
        clinician,
        now,
        Outcome.REACHED,
        remark="Spoke for 20 minutes; safe with a sister.",
    )
