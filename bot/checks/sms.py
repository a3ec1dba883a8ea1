"""Whether texts fit into SMS: GSM-7, at most three parts, also with the reminder below them."""

from __future__ import annotations

from collections.abc import Iterator

from bot.content import Content
from bot.content.septets import segments, septets
from bot.content.texts import PLACES, Curated, render
from bot.messages import Channel, Language, ReplyKind
from bot.text.fault import Fault

PARTS = 3
"""Parts of an SMS that is not a crisis card."""

_REMINDED = frozenset({ReplyKind.ANSWER, ReplyKind.REFUSAL, ReplyKind.ASK_BACK, ReplyKind.DISCLOSURE})
_REMINDER = "reminder_emergency"


def faults(content: Content) -> Iterator[Fault]:
    """Every SMS text that would be sent in more parts, or in letters that halve what a part holds."""
    longest_city = max(content.clinic.cities, key=len, default="")
    values = {**content.clinic.values, "city": longest_city}
    for curated in (*content.responses.values(), *content.cards.values()):
        for language, channel in PLACES:
            variant = curated.variants.get((language, channel))
            if variant is not None and channel == Channel.SMS:
                template = variant.text + _reminder(content, curated, language)
                for problem, remedy in _problems(_filled(template, values)):
                    yield Fault(curated.file, variant.line, f"'{curated.name}' {problem}", remedy)


def _problems(text: str) -> Iterator[tuple[str, str]]:
    if septets(text) is None:
        foreign = sorted({char for char in text if septets(char) is None})
        yield (
            f"holds {' '.join(foreign)}, which shortens every part of an SMS to 67 letters",
            "Choose words without them; é, ñ, ü, ¿ and ¡ are allowed, á, í, ó and ú are not.",
        )
    elif segments(text) > PARTS:
        yield f"takes {segments(text)} SMS, with the reminder if it gets one", f"Shorten it to {PARTS}."


def _reminder(content: Content, curated: Curated, language: Language) -> str:
    reminder = content.cards.get(_REMINDER)
    if curated.kind not in _REMINDED or reminder is None or (language, Channel.SMS) not in reminder.variants:
        return ""
    return " " + reminder.variants[language, Channel.SMS].text


def _filled(template: str, values: dict[str, str]) -> str:
    """The text as sent; a placeholder that is not known is reported elsewhere and left out here."""
    return render(template, _Lenient(values))


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""
