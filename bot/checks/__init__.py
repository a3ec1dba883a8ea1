"""Everything that `harborline check` reports: each fault of the data folder, with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.checks import claims, must_not_answer, reading, risk_set, sms, test_set, topics, utterances, wording
from bot.content import Content, examine
from bot.content.safety import gaps, lacking
from bot.content.texts import PLACES
from bot.risk import RiskDataError, Screener
from bot.risk.examples import FOLDER as EXAMPLES
from bot.risk.examples import examine as examine_examples
from bot.roster import FILE
from bot.roster import examine as examine_roster
from bot.text.fault import Fault


def check(data: Path) -> list[Fault]:
    """Every fault found in a data folder, each once, in the order of files and lines."""
    content, faults = examine(data)
    if content is not None:
        faults.extend(_of_texts(content))
        faults.extend(_of_cards(content))
    faults.extend(topics.faults(data, content))
    faults.extend(must_not_answer.faults(data, content))
    trained = utterances.training(data, faults)
    faults.extend(utterances.repeated(trained))
    faults.extend(test_set.faults(data, trained))
    faults.extend(_of_risk(data))
    faults.extend(examine_roster(data)[1])
    return sorted(set(faults), key=lambda fault: (fault.file, fault.line, fault.problem))


def warnings(data: Path) -> list[str]:
    """What is no fault and yet should be known: the hours of the week when nobody is on duty."""
    roster, faults = examine_roster(data)
    if roster is None or faults:
        return []
    return [f"{data / FILE}: nobody is on duty {gap}. Everybody is told then." for gap in roster.gaps()]


def _of_texts(content: Content) -> Iterator[Fault]:
    yield from wording.faults(content)
    yield from claims.faults(content)
    yield from sms.faults(content)
    yield from reading.faults(content)


def _of_cards(content: Content) -> Iterator[Fault]:
    """Faults of the set of cards; an incomplete card is already reported, and cannot be looked into."""
    missing = list(gaps(content))
    yield from missing
    whole = all(place in card.variants for card in content.cards.values() for place in PLACES)
    if whole and not missing:
        yield from lacking(content)


def _of_risk(data: Path) -> tuple[Fault, ...]:
    folder = data / "risk"
    examples, faults = examine_examples(folder / EXAMPLES)
    faults.extend(risk_set.faults(data, examples))
    try:
        Screener.load(folder)
    except RiskDataError as error:
        faults.extend(error.faults)
    return tuple(faults)
