"""The tables. Columns of type `LargeBinary` hold ciphertext of `encryption.KeyRing`, bound to their row."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.messages import Channel, Experiencer, Kind, Language, Level, ReplyKind
from bot.transcripts.columns import Instant, LevelNumber, choice

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Direction(StrEnum):
    """Who wrote a turn: the person (inbound), or the bot or staff (outbound)."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Delivery(StrEnum):
    """How far an outbound turn got. The web answers in the same request, so it stays `recorded`."""

    RECORDED = "recorded"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class HandoffReason(StrEnum):
    """Why a conversation was handed to staff. All but `RISK` may be of any level."""

    RISK = "risk"
    CALL_BACK = "call_back"
    ASKED_FOR_PERSON = "asked_for_person"
    FOUND_IN_REVIEW = "found_in_review"
    CANNOT_TEXT_BACK = "cannot_text_back"


class Outcome(StrEnum):
    """What came of a hand-off; demanded when it is closed."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    CALLED_911 = "called_911"
    FALSE_ALARM = "false_alarm"
    DUPLICATE = "duplicate"


class CaseAct(StrEnum):
    """What staff, or the passing of time, did to a hand-off."""

    TAKEN = "taken"
    KEPT = "kept"
    RELEASED = "released"
    LAPSED = "lapsed"
    NOTED = "noted"
    REVEALED = "revealed"
    CLOSED = "closed"
    REOPENED = "reopened"


class Reason(StrEnum):
    """Why staff are told of a hand-off."""

    OPENED = "opened"
    RAISED = "raised"
    CANNOT_TEXT_BACK = "cannot_text_back"
    CALL_BACK = "call_back"
    ESCALATED = "escalated"
    ALARM = "alarm"


class SendState(StrEnum):
    """Whether a notification has gone out."""

    PENDING = "pending"
    SENT = "sent"


class Verdict(StrEnum):
    """What a reviewer thinks of how a message was judged."""

    RIGHT = "right"
    MISSED = "missed"
    FALSE_ALARM = "false_alarm"
    WRONG_ANSWER = "wrong_answer"
    NEEDS_EDITING = "needs_editing"


class ReviewReason(StrEnum):
    """Why a message is to be reviewed; in this order where several hold."""

    CHOSEN = "chosen"
    RISK = "risk"
    UNHELPFUL = "unhelpful"
    NO_RISK = "no_risk"
    UNSURE = "unsure"
    SAMPLED = "sampled"


class ReviewStage(StrEnum):
    """What the review of a message waits for: a first verdict, a blind second one, a third, nothing."""

    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    SETTLED = "settled"


class Base(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {
        datetime: Instant,
        Level: LevelNumber,
        bytes: LargeBinary,
        Channel: choice(Channel),
        Language: choice(Language),
        Kind: choice(Kind),
        Experiencer: choice(Experiencer),
        ReplyKind: choice(ReplyKind),
        Direction: choice(Direction),
        Delivery: choice(Delivery),
        HandoffReason: choice(HandoffReason),
        Outcome: choice(Outcome),
        CaseAct: choice(CaseAct),
        Reason: choice(Reason),
        SendState: choice(SendState),
        Verdict: choice(Verdict),
        ReviewReason: choice(ReviewReason),
        ReviewStage: choice(ReviewStage),
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
    }


def _created_at(context: Any) -> datetime:
    created: datetime = context.get_current_parameters()["created_at"]
    return created


def _few(name: str, which: str) -> Index:
    """An index in the order of lists, of the conversations for which a condition holds."""
    where = text(which)
    return Index(f"ix_conversation_{name}", "last_at", "id", sqlite_where=where, postgresql_where=where)


class Conversation(Base):
    """One person on one channel. `level`, `kind` and `level_until` are the crisis state that sticks.

    `opted_out_at` is since when the person wants no texts, `blocked_at` since when the network is known to
    keep ours from the number. `held_by` has joined it, so that the bot is silent; `held_as` is the name that
    the person reads. `synthetic`: the program's own heartbeat; no person, no case, in no count.
    `cleared_at`: when the person last had their words deleted; what was said before and comes to the
    database later is not stored.

    From `last_at` on: what lists of conversations are ordered and chosen by, kept by whoever writes turns.
    `highest` is the highest level that any message had, `highest_kind` the kind of that danger.
    """

    __tablename__ = "conversation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    channel: Mapped[Channel]
    sender_digest: Mapped[str | None] = mapped_column(String(64))
    sender: Mapped[bytes | None]
    language: Mapped[Language | None]
    opted_out_at: Mapped[datetime | None]
    blocked_at: Mapped[datetime | None]
    level: Mapped[Level] = mapped_column(default=Level.NONE)
    kind: Mapped[Kind | None]
    level_until: Mapped[datetime | None]
    held_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    held_as: Mapped[str | None] = mapped_column(String(80))
    disclosed_at: Mapped[datetime | None]
    chat_started_at: Mapped[datetime | None]
    last_inbound_at: Mapped[datetime | None]
    turns: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    synthetic: Mapped[bool] = mapped_column(default=False, server_default=false())
    cleared_at: Mapped[datetime | None]
    last_at: Mapped[datetime] = mapped_column(default=_created_at)
    highest: Mapped[Level] = mapped_column(default=Level.NONE)
    highest_kind: Mapped[Kind | None]
    declined: Mapped[bool] = mapped_column(default=False)
    asked_back: Mapped[bool] = mapped_column(default=False)
    liked: Mapped[bool] = mapped_column(default=False)
    disliked: Mapped[bool] = mapped_column(default=False)
    has_case: Mapped[bool] = mapped_column(default=False)
    reviewed: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        Index(None, "channel", "sender_digest"),
        Index(None, "last_at", "id"),
        _few("at_risk", "highest >= 1"),
        _few("disliked", "disliked"),
        _few("has_case", "has_case"),
        _few("reviewed", "reviewed"),
    )


class Turn(Base):
    """One message in either direction.

    `body` is the person's text, or the JSON of our reply. What the engine understood, the latency
    (milliseconds) and `answered_at` stand on the inbound turn; response, reply kind and delivery on
    the outbound turns that answer it. `external_id` is the channel's own id, `delivery_code` what the
    provider says of a text that did not arrive, `attachments` the media types of what was never fetched.
    `page` is the JSON of the page that an inbound turn was written on, where the clinic has that kept.
    `dismissed_at`: somebody has put it out of the inbox of what was not understood.
    """

    __tablename__ = "turn"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"))
    seq: Mapped[int]
    direction: Mapped[Direction]
    channel: Mapped[Channel]
    external_id: Mapped[str | None] = mapped_column(Text, index=True)
    reply_to: Mapped[UUID | None] = mapped_column(ForeignKey("turn.id"), index=True)
    position: Mapped[int | None]
    body: Mapped[bytes]
    language: Mapped[Language | None]
    risk: Mapped[dict[str, Any] | None]
    level: Mapped[Level | None]
    topic: Mapped[str | None] = mapped_column(String(128))
    confidence: Mapped[float | None]
    candidates: Mapped[list[Any] | None]
    failed_actions: Mapped[list[Any] | None]
    latency_ms: Mapped[int | None]
    answered_at: Mapped[datetime | None]
    reply_kind: Mapped[ReplyKind | None]
    response: Mapped[str | None] = mapped_column(String(128))
    content_hash: Mapped[str | None] = mapped_column(String(64))
    delivery: Mapped[Delivery | None]
    page: Mapped[bytes | None]
    delivery_code: Mapped[str | None] = mapped_column(String(32))
    attachments: Mapped[list[Any] | None]
    dismissed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("conversation_id", "seq"),
        Index(None, "conversation_id", "created_at"),
        Index(None, "created_at", "id"),
        Index(
            "ix_turn_about",
            "topic",
            "conversation_id",
            sqlite_where=text("topic IS NOT NULL"),
            postgresql_where=text("topic IS NOT NULL"),
        ),
        Index(
            "ix_turn_at_risk",
            "created_at",
            sqlite_where=text("level >= 1"),
            postgresql_where=text("level >= 1"),
        ),
        Index(
            "uq_turn_channel_external_id",
            "channel",
            "external_id",
            unique=True,
            sqlite_where=text("direction = 'inbound'"),
            postgresql_where=text("direction = 'inbound'"),
        ),
    )


class TextMessage(Base):
    """One SMS that is handed to the provider through its API; taken by lease, as a dispatch is.

    `turn_id` is the outbound turn that it is part of; no foreign key, since the turn may be in the spool
    still. `key` is the same at every attempt. `due_at` is empty while the text waits for the one `after`
    which it goes. `paged_at`: staff were told that it does not arrive. `override` is who sends it in
    spite of quiet hours.
    """

    __tablename__ = "text"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), index=True)
    turn_id: Mapped[UUID] = mapped_column(index=True)
    key: Mapped[str] = mapped_column(String(192), unique=True)
    after: Mapped[UUID | None] = mapped_column(index=True)
    body: Mapped[bytes]
    crisis: Mapped[bool]
    state: Mapped[Delivery] = mapped_column(default=Delivery.RECORDED)
    code: Mapped[str | None] = mapped_column(String(32))
    external_id: Mapped[str | None] = mapped_column(String(64), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    lease_owner: Mapped[UUID | None]
    paged_at: Mapped[datetime | None]
    override: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    created_at: Mapped[datetime]

    __table_args__ = (Index(None, "state", "due_at"),)


def _opened_at(context: Any) -> datetime:
    opened: datetime = context.get_current_parameters()["opened_at"]
    return opened


class Handoff(Base):
    """A case for staff, most often a person in danger; open until `closed_at`.

    `count` is the messages and requests that it counts, `last_turn` the latest of them.
    `waiting_since` is when it was last without anybody: opened, released, or its hold lapsed. A hold,
    `acknowledged_by`, ends by itself at `held_until`; NULL there is a hold without an end.
    """

    __tablename__ = "handoff"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), index=True)
    level: Mapped[Level]
    kind: Mapped[Kind | None]
    experiencer: Mapped[Experiencer]
    reason: Mapped[HandoffReason]
    count: Mapped[int] = mapped_column(default=1)
    last_turn: Mapped[UUID]
    opened_at: Mapped[datetime]
    raised_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    waiting_since: Mapped[datetime] = mapped_column(default=_opened_at)
    held_until: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    outcome: Mapped[bytes | None]
    result: Mapped[Outcome | None]

    __table_args__ = (
        Index(None, "closed_at"),
        Index(
            "uq_handoff_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )


class CaseEvent(Base):
    """One change of a hand-off, for its history. `staff_id` is None when time did it.

    `detail` is the encrypted text of a note, or why somebody did it. `row` is what it is bound to.
    """

    __tablename__ = "case_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[UUID] = mapped_column(default=uuid4)
    handoff_id: Mapped[UUID] = mapped_column(ForeignKey("handoff.id"), index=True)
    at: Mapped[datetime]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    act: Mapped[CaseAct]
    detail: Mapped[bytes | None]


class Mention(Base):
    """A staff member named in a note, until they have opened the case."""

    __tablename__ = "mention"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    event_id: Mapped[int] = mapped_column(ForeignKey("case_event.id"))
    handoff_id: Mapped[UUID] = mapped_column(ForeignKey("handoff.id"), index=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    seen_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "staff_id", "seen_at"),)


class HandoffTurn(Base):
    """A message or request that a hand-off has counted, so that none is counted twice.

    `turn_id` is no foreign key: under stock Rasa an action opens a hand-off without a stored turn, and a
    request to be called back is no turn.
    """

    __tablename__ = "handoff_turn"

    turn_id: Mapped[UUID] = mapped_column(primary_key=True)
    handoff_id: Mapped[UUID] = mapped_column(ForeignKey("handoff.id"), index=True)


class Notification(Base):
    """Something that staff must be told, written in the accepting transaction. Never a word of a message.

    `idempotency_key` goes out with every attempt, so that a receiver can show it once. `addressed_at` is
    when the roster chose whom to tell; without a roster it stays empty.
    """

    __tablename__ = "notification"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    handoff_id: Mapped[UUID] = mapped_column(ForeignKey("handoff.id"), index=True)
    reason: Mapped[Reason]
    level: Mapped[Level]
    kind: Mapped[Kind | None]
    idempotency_key: Mapped[str] = mapped_column(String(128), unique=True)
    created_at: Mapped[datetime]
    addressed_at: Mapped[datetime | None]


class Escalation(Base):
    """How far the telling of a hand-off has got: the last step of the roster, and when the next is due."""

    __tablename__ = "escalation"

    handoff_id: Mapped[UUID] = mapped_column(ForeignKey("handoff.id"), primary_key=True)
    step: Mapped[int]
    due_at: Mapped[datetime]


class RecipientTest(Base):
    """The last test page to a recipient, and the last one that was handed over."""

    __tablename__ = "recipient_test"

    recipient: Mapped[str] = mapped_column(String(64), primary_key=True)
    tested_at: Mapped[datetime]
    succeeded_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(64))


class CallBack(Base):
    """A person's request to be called, with their consent to it; the number is in E.164 form.

    `number_digest` is keyed: the same number asked for twice in a conversation is one request.
    """

    __tablename__ = "call_back"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), index=True)
    handoff_id: Mapped[UUID] = mapped_column(ForeignKey("handoff.id"), index=True)
    number: Mapped[bytes]
    number_digest: Mapped[str] = mapped_column(String(64))
    language: Mapped[Language]
    consented_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("handoff_id", "number_digest"),)


class Dispatch(Base):
    """The sending of one notification to one recipient; taken by lease, so that any number of workers fit.

    A row for each recipient: a slow one delays nobody, and a failed one is tried again alone.
    `recipient` is `contact/` and the key of a contact on the roster, or a digest of an address that is
    told of everything. `last_error` is the class of the error, never its text.
    """

    __tablename__ = "dispatch"

    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notification.id"), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[SendState] = mapped_column(default=SendState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_owner: Mapped[UUID | None]
    last_error: Mapped[str | None] = mapped_column(String(64))
    sent_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "recipient", "state", "due_at"),)


class StaffMember(Base):
    """Somebody who may log in to the staff pages.

    Until a one-time link was used, `password_hash` is empty and nobody can log in. `setup_digest` is the
    SHA-256 of the link's token. `totp_step` is the last time step whose code was used.
    """

    __tablename__ = "staff_member"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    login: Mapped[str] = mapped_column(String(128), unique=True)
    name: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(32))
    password_hash: Mapped[str] = mapped_column(String(255))
    totp_secret: Mapped[bytes | None]
    totp_step: Mapped[int | None]
    setup_digest: Mapped[str | None] = mapped_column(String(64))
    setup_until: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (Index("uq_staff_member_setup_digest", "setup_digest", unique=True),)


class StaffSession(Base):
    """A login that is in force until it ends, is idle for too long, or expires.

    `token_digest` is the SHA-256 of the cookie: a stolen database logs nobody in.
    """

    __tablename__ = "staff_session"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that stands in for the second factor once; only its keyed digest is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class LoginThrottle(Base):
    """Failed logins under one key: a name, an address, or both together, as a keyed digest."""

    __tablename__ = "login_throttle"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int]
    last_failure_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


class Review(Base):
    """A staff member's judgement of one message, or, without `turn_id`, of a whole conversation.

    `label` is the topic that it should have been; `level` and `kind` the danger that it should have been.
    `stage` is which verdict it is: the first, the blind second, or the third that decides.
    """

    __tablename__ = "review"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), index=True)
    turn_id: Mapped[UUID | None] = mapped_column(ForeignKey("turn.id"))
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    stage: Mapped[ReviewStage] = mapped_column(default=ReviewStage.FIRST)
    verdict: Mapped[Verdict]
    label: Mapped[str | None] = mapped_column(String(128))
    level: Mapped[Level | None]
    kind: Mapped[Kind | None]
    note: Mapped[bytes | None]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("turn_id", "staff_id"),)


class ReviewItem(Base):
    """A message that is to be reviewed, and how far that has got.

    `rank`: the lower, the sooner. `week` is the Monday of the week that a sample of "no risk" is of.
    `twice`: chosen, before anybody judged it, for a blind second verdict. `judged_by` gave the first one.
    `verdict` and what follows is what was agreed on, once it is settled.
    """

    __tablename__ = "review_item"

    turn_id: Mapped[UUID] = mapped_column(ForeignKey("turn.id"), primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), index=True)
    reason: Mapped[ReviewReason]
    rank: Mapped[int] = mapped_column(SmallInteger)
    week: Mapped[date | None] = mapped_column(index=True)
    twice: Mapped[bool]
    stage: Mapped[ReviewStage] = mapped_column(default=ReviewStage.FIRST)
    judged_by: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    verdict: Mapped[Verdict | None]
    label: Mapped[str | None] = mapped_column(String(128))
    level: Mapped[Level | None]
    kind: Mapped[Kind | None]
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "stage", "rank", "created_at"), Index(None, "settled_at"))


class HazardEntry(Base):
    """A danger that the program missed and review found. It outlives the words: its ids are no keys."""

    __tablename__ = "hazard_entry"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    at: Mapped[datetime]
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"))
    conversation_id: Mapped[UUID]
    turn_id: Mapped[UUID] = mapped_column(unique=True)
    was: Mapped[Level]
    level: Mapped[Level]
    kind: Mapped[Kind | None]
    version: Mapped[str] = mapped_column(String(64))


class SavedView(Base):
    """Filters of the list of conversations under a name; `body` is the JSON of both."""

    __tablename__ = "saved_view"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), index=True)
    shared: Mapped[bool]
    body: Mapped[bytes]
    created_at: Mapped[datetime]


class WaitingAnswer(Base):
    """A message to staff who joined a conversation: the bot answers it when they have not by `due_at`."""

    __tablename__ = "waiting_answer"

    turn_id: Mapped[UUID] = mapped_column(ForeignKey("turn.id"), primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), index=True)
    due_at: Mapped[datetime] = mapped_column(index=True)


class Viewer(Base):
    """Who of the staff looked at a conversation last, and when, so that two notice each other."""

    __tablename__ = "viewer"

    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff_member.id"), primary_key=True)
    seen_at: Mapped[datetime]


class Watermark(Base):
    """How far a piece of regular work has got."""

    __tablename__ = "watermark"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class Feedback(Base):
    """What a person said about a reply: one row a reply, which a second thumb changes.

    `answered_at`: staff have dealt with it; NULL is open.
    """

    __tablename__ = "feedback"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    conversation_id: Mapped[UUID] = mapped_column(ForeignKey("conversation.id"), index=True)
    turn_id: Mapped[UUID] = mapped_column(ForeignKey("turn.id"), unique=True)
    helpful: Mapped[bool]
    comment: Mapped[bytes | None]
    channel: Mapped[Channel]
    created_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "answered_at", "created_at"),)


class AuditEntry(Base):
    """One act of staff. Append-only: triggers refuse changes; `mac` chains each entry to the one before."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[UUID] = mapped_column(default=uuid4)
    at: Mapped[datetime]
    staff_id: Mapped[UUID | None] = mapped_column(ForeignKey("staff_member.id"))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[UUID | None]
    detail: Mapped[bytes | None]
    previous_mac: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))


class Tracker(Base):
    """The dialogue engine's own memory of a conversation; losing a row loses nothing that matters."""

    __tablename__ = "tracker"

    conversation: Mapped[UUID] = mapped_column(primary_key=True)
    blob: Mapped[bytes]
    updated_at: Mapped[datetime]


class KeyCheck(Base):
    """A known text under each key in use: how a key that does not fit is found at start."""

    __tablename__ = "key_check"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    key_id: Mapped[str] = mapped_column(String(8), unique=True)
    canary: Mapped[bytes]
