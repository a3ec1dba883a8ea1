"""The words that staff read for the values that the program stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from bot.browsing.filters import Filters, Given, Lacked, Opinion
from bot.messages import Channel, Experiencer, Kind, Language, Level, ReplyKind, Severity
from bot.staff.roles import Role
from bot.transcripts.tables import (
    CaseAct,
    Delivery,
    HandoffReason,
    Outcome,
    ReviewReason,
    ReviewStage,
    Verdict,
)

LEVELS: Final[Mapping[Level, str]] = {
    Level.NONE: "No danger found",
    Level.CONCERN: "Concern",
    Level.CRISIS: "Crisis",
    Level.EMERGENCY: "Emergency",
}
SHAPES: Final[Mapping[Level, str]] = {
    Level.NONE: "○",
    Level.CONCERN: "●",
    Level.CRISIS: "◆",
    Level.EMERGENCY: "▲",
}
"""A level is told apart without its colour too."""
KINDS: Final[Mapping[Kind, str]] = {
    Kind.SUICIDE: "Suicide",
    Kind.SELF_HARM: "Self-harm",
    Kind.OVERDOSE: "Overdose",
    Kind.POISONING: "Poisoning",
    Kind.MEDICAL: "Medical emergency",
    Kind.HARM_TO_OTHERS: "Harm to others",
    Kind.ABUSE: "Abuse",
    Kind.PSYCHOSIS: "Psychosis",
    Kind.EATING_DISORDER: "Eating disorder",
    Kind.METHOD_SEEKING: "Asks for a method",
    Kind.DISTRESS: "Distress",
}
REASONS: Final[Mapping[HandoffReason, str]] = {
    HandoffReason.RISK: "Danger in the words",
    HandoffReason.CALL_BACK: "Asked to be called back",
    HandoffReason.ASKED_FOR_PERSON: "Asked for a person",
    HandoffReason.FOUND_IN_REVIEW: "Found in review",
    HandoffReason.CANNOT_TEXT_BACK: "Cannot be texted back",
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.REACHED: "Reached the person",
    Outcome.NO_ANSWER: "No answer",
    Outcome.CALLED_911: "911 was called",
    Outcome.FALSE_ALARM: "False alarm",
    Outcome.DUPLICATE: "Duplicate of another case",
}
HAPPENED: Final[Mapping[str, str]] = {
    "opened": "Case opened, staff told",
    "raised": "Danger rose, staff told",
    "cannot_text_back": "Staff told that texts may not reach this person",
    "call_back": "Asked to be called back, staff told",
    "escalated": "Nobody had acknowledged it, the next were told",
    "alarm": "Nobody had acknowledged it, everybody was told",
    CaseAct.TAKEN: "took the case",
    CaseAct.KEPT: "is on the phone, keeps the case for 30 minutes",
    CaseAct.RELEASED: "gave the case back",
    CaseAct.LAPSED: "did nothing for a while, so the case went back to the queue",
    CaseAct.NOTED: "wrote a note",
    CaseAct.REVEALED: "looked at the full number",
    CaseAct.CLOSED: "closed the case",
    CaseAct.REOPENED: "opened the case again",
}
EXPERIENCERS: Final[Mapping[Experiencer, str]] = {
    Experiencer.SELF: "The writer",
    Experiencer.OTHER: "Somebody else",
}
CHANNELS: Final[Mapping[Channel, str]] = {Channel.WEB: "Web chat", Channel.SMS: "Text message"}
LANGUAGES: Final[Mapping[Language, str]] = {Language.EN: "English", Language.ES: "Spanish"}
ROLES: Final[Mapping[Role, str]] = {
    Role.REVIEWER: "Reviewer",
    Role.CLINICIAN: "Clinician",
    Role.ADMIN: "Admin",
}
REPLIES: Final[Mapping[ReplyKind, str]] = {
    ReplyKind.ANSWER: "Answer",
    ReplyKind.ASK_BACK: "Question back",
    ReplyKind.REFUSAL: "Refusal",
    ReplyKind.DECLINE: "Out of scope",
    ReplyKind.CHECK_IN: "Check-in",
    ReplyKind.CRISIS: "Crisis card",
    ReplyKind.FALLBACK: "Fallback card",
    ReplyKind.DISCLOSURE: "What this service is",
    ReplyKind.SERVICE: "Service text",
}
DELIVERIES: Final[Mapping[Delivery, str]] = {
    Delivery.RECORDED: "Recorded",
    Delivery.SENT: "Sent, not confirmed",
    Delivery.DELIVERED: "Delivered",
    Delivery.FAILED: "NOT delivered",
}
SEVERITIES: Final[Mapping[Severity, str]] = {
    Severity.UNKNOWN: "",
    Severity.WISH_TO_BE_DEAD: "wish to be dead",
    Severity.THOUGHTS: "thoughts",
    Severity.METHOD: "method",
    Severity.INTENT: "intent",
    Severity.PLAN: "plan",
    Severity.BEHAVIOUR: "behaviour",
}
WHY_NOT_FIRST: Final = (
    "I know this person",
    "Language",
    "A colleague asked me to",
    "The first one is being handled by phone",
)
"""Offered when somebody takes a case that is not the first; other words may be given."""
SAID: Final[Mapping[str, str]] = {
    "nobody-waits": "Nobody is waiting. Every open case is with somebody.",
    "taken": "You have this case now. Everybody can see that.",
    "kept": "The case stays with you.",
    "released": "The case is back in the queue, and its clock has started again.",
    "noted": "Your note is saved.",
    "closed": "The case is closed.",
    "reopened": "The case is open again, and yours.",
    "logged-out": "You are logged out.",
    "set-up": "Your account is ready. Log in with your new password.",
    "password": "Your password is changed. Log in with it.",
    "disabled": "The account is disabled, and its sessions have ended.",
    "enabled": "The account may be used again.",
    "ended": "Every session of that account has ended.",
    "test-sent": "The test page was handed over. Ask whether it arrived.",
    "test-failed": "The test page could not be handed over. Somebody should look at that address now.",
    "joined": "You are in this conversation. The person is told, and the bot is silent.",
    "sent": "It is on its way.",
    "handed-back": "The bot answers again. The person is told.",
    "handed-back-untold": "The bot answers again. The person was not told, for they cannot be texted.",
    "answered": "It is marked as dealt with.",
    "open-again": "It is open again.",
    "judged": "Your verdict is saved.",
    "missed-case": "Your verdict is saved. A case is open for this person, and staff are told.",
    "nothing-to-judge": "Nothing waits for a verdict of yours.",
    "view-saved": "The view is saved.",
    "view-removed": "The view is removed.",
}
"""What a page says at its top, by the code in its address: never words out of the address."""
VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.RIGHT: "Right",
    Verdict.WRONG_ANSWER: "Wrong topic",
    Verdict.MISSED: "Should have been a crisis",
    Verdict.FALSE_ALARM: "False alarm",
    Verdict.NEEDS_EDITING: "The answer needs editing",
}
"""In the order of the keys that choose them."""
REVIEW_REASONS: Final[Mapping[ReviewReason, str]] = {
    ReviewReason.CHOSEN: "Chosen by staff",
    ReviewReason.RISK: "Danger was found",
    ReviewReason.UNHELPFUL: "Thumb down",
    ReviewReason.NO_RISK: "Weekly sample without danger",
    ReviewReason.UNSURE: "The program was unsure",
    ReviewReason.SAMPLED: "Drawn at random",
}
STAGES: Final[Mapping[ReviewStage, str]] = {
    ReviewStage.FIRST: "First verdict",
    ReviewStage.SECOND: "Second, blind",
    ReviewStage.THIRD: "Third, deciding",
    ReviewStage.SETTLED: "Settled",
}
LEVELS_FROM: Final = tuple(
    (level.name.lower(), name) for level, name in LEVELS.items() if level is not Level.NONE
)
KINDS_NAMED: Final = tuple((kind.value, name) for kind, name in KINDS.items())
CHANNELS_NAMED: Final = tuple((channel.value, name) for channel, name in CHANNELS.items())
LANGUAGES_NAMED: Final = tuple((language.value, name) for language, name in LANGUAGES.items())
LACKED: Final[Mapping[Lacked, str]] = {
    Lacked.DECLINED: "out of scope",
    Lacked.ASKED_BACK: "asked back",
}
REVIEWED: Final[Mapping[Given, str]] = {Given.YES: "reviewed", Given.NO: "not reviewed"}
HAS_CASE: Final[Mapping[Given, str]] = {Given.YES: "with a case", Given.NO: "without a case"}
OPINIONS: Final[Mapping[Opinion, str]] = {Opinion.HELPFUL: "helpful", Opinion.UNHELPFUL: "not helpful"}


def described(filters: Filters) -> str:
    """Filters in a few words."""
    parts = [
        f"from {filters.since.isoformat()}" if filters.since else "",
        f"to {filters.until.isoformat()}" if filters.until else "",
        f"{LEVELS[filters.level].lower()} or above" if filters.level is not None else "",
        KINDS[filters.kind].lower() if filters.kind else "",
        filters.topic.replace("_", " ") if filters.topic else "",
        LACKED[filters.lacked] if filters.lacked else "",
        CHANNELS[filters.channel].lower() if filters.channel else "",
        LANGUAGES[filters.language] if filters.language else "",
        OPINIONS[filters.feedback] if filters.feedback else "",
        {Given.YES: "reviewed", Given.NO: "not reviewed"}.get(filters.reviewed, "")
        if filters.reviewed
        else "",
        {Given.YES: "with a case", Given.NO: "without a case"}.get(filters.case, "") if filters.case else "",
    ]
    return ", ".join(part for part in parts if part)


def as_query(values: Mapping[str, object]) -> str:
    """The part of an address after its path; empty without values."""
    written = urlencode({name: str(value) for name, value in values.items() if value})
    return f"?{written}" if written else ""


def rule(name: str) -> str:
    """The id of a rule as staff read it: the family of the cue, and which one of it."""
    return name.replace(".", ": ").replace("_", " ")
