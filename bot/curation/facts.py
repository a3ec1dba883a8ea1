"""What is said about a text: its status, whom it rests on, how hard it is to read, how many SMS it takes."""

from __future__ import annotations

from bot.checks.reading import count, fernandez_huerta, flesch_kincaid
from bot.content import Clinic
from bot.content.septets import SEGMENT, SINGLE, segments, septets
from bot.content.texts import Curated, changed, render
from bot.messages import Language

LANGUAGES = {Language.EN: "English", Language.ES: "Spanish"}


def filled(text: str, clinic: Clinic) -> str:
    """The text with the clinic's numbers, and with its longest city where one is named.

    A placeholder that is not known stays as it is, since `check` reports it.
    """
    city = max(clinic.cities, key=len, default="")
    return render(text, _Shown({**clinic.values, "city": city}))


def reading(text: str, language: Language) -> str:
    """How hard the text is to read, by the measure of its language."""
    counts = count(text, language)
    if language == Language.EN:
        return f"grade {max(flesch_kincaid(counts), 0):.1f}"
    return f"ease {fernandez_huerta(counts):.0f}"


def on_the_air(text: str) -> str:
    """Parts and septets of a filled text as an SMS."""
    length, parts = septets(text), segments(text)
    shown = f"{parts} part{'s' if parts > 1 else ''}"
    if length is None:
        return f"{shown}, {len(text)} letters outside GSM-7"
    return f"{shown}, {length} of {SINGLE if parts == 1 else parts * SEGMENT} septets"


def status(text: Curated) -> str:
    """`signed`, `pending`, or that the text is not the one that was reviewed."""
    return f"{text.review.status}, changed since" if any(changed(text)) else text.review.status


def section(text: Curated, language: Language = Language.EN) -> str:
    """The heading of the article that an answer rests on; empty for cards and pleasantries."""
    heading = text.headings.get(language)
    return (heading.section if heading else None) or ""


def authority(text: Curated, language: Language = Language.EN) -> str:
    """Whom an answer's section names, or the sources of a card; empty without any."""
    heading = text.headings.get(language)
    return (heading.authority if heading else None) or "; ".join(text.sources)


class _Shown(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
