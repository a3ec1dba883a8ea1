"""Whether every topic can be asked about, is answered, and is what its files say it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.content import Content, topic
from bot.content.entry import Entry, read
from bot.content.texts import Curated
from bot.messages import Channel, Language, ReplyKind
from bot.text.fault import Fault

FAQ = "utter_faq/"
_UNTAUGHT = frozenset({"nlu_fallback", "ask_back"})
"""Intents that the program sets itself."""


@dataclass(frozen=True, slots=True)
class Named:
    """A name and where it stands."""

    name: str
    file: Path
    line: int


def faults(data: Path, content: Content | None) -> list[Fault]:
    """Topics without examples, rule, response, notice or section; quick replies that no topic answers."""
    found: list[Fault] = []
    taught = _taught(data, found)
    ruled, uttered = _rules(data, found)
    found.extend(_without_rule(taught, {named.name for named in ruled}))
    found.extend(_without_examples(ruled, {named.name.partition("/")[0] for named in taught}))
    if content is not None:
        found.extend(_without_response(taught, uttered, content))
        for curated in content.responses.values():
            found.extend(_of_response(curated, content, {named.name for named in taught}))
    return found


def _taught(data: Path, found: list[Fault]) -> list[Named]:
    """The intents that `data/nlu/` gives examples of."""
    return [
        Named(block.text("intent"), block.file, block.line("intent"))
        for entry in _entries(data / "nlu", found)
        for block in entry.entries("nlu")
        if "intent" in block and block.text("examples")
    ]


def _rules(data: Path, found: list[Fault]) -> tuple[list[Named], list[Named]]:
    """The intents and the responses that the rules of `data/rules/` name."""
    steps = [
        step
        for entry in _entries(data / "rules", found)
        for rule in entry.entries("rules")
        for step in rule.entries("steps")
    ]
    intents = [_named(step, "intent") for step in steps if "intent" in step]
    actions = [_named(step, "action") for step in steps if "action" in step]
    return intents, [action for action in actions if action.name.startswith("utter_")]


def _named(step: Entry, key: str) -> Named:
    return Named(step.text(key), step.file, step.line(key))


def _entries(folder: Path, found: list[Fault]) -> list[Entry]:
    files = sorted(folder.glob("*.yml"))
    if not files:
        found.append(Fault(folder, 0, "holds no .yml file", "Restore the folder from the repository."))
    return [entry for file in files if (entry := read(file, found)) is not None]


def _without_rule(taught: list[Named], ruled: set[str]) -> Iterator[Fault]:
    for named in taught:
        if named.name.partition("/")[0] not in ruled:
            yield Fault(
                named.file,
                named.line,
                f"nothing happens on the intent '{named.name}'",
                "Add a rule for it to data/rules.",
            )


def _without_examples(ruled: list[Named], taught: set[str]) -> Iterator[Fault]:
    for named in ruled:
        if named.name not in taught | _UNTAUGHT:
            yield Fault(
                named.file,
                named.line,
                f"the intent '{named.name}' has no examples",
                f"Add data/nlu/{named.name}.yml.",
            )


def _without_response(taught: list[Named], uttered: list[Named], content: Content) -> Iterator[Fault]:
    answers = [Named(f"utter_{named.name}", named.file, named.line) for named in taught if "/" in named.name]
    retrieving = {named.name.partition("/")[0] for named in answers}
    said_alone = [named for named in uttered if named.name not in retrieving]
    for named in (*answers, *said_alone):
        if named.name not in content.responses:
            yield Fault(
                named.file,
                named.line,
                f"there is no response '{named.name}'",
                "Write it in data/responses.",
            )


def _of_response(curated: Curated, content: Content, taught: set[str]) -> Iterator[Fault]:
    if curated.name.startswith(FAQ):
        if curated.name.removeprefix("utter_") not in taught:
            remedy = f"Add data/nlu/{topic(curated.name)}.yml."
            yield _fault(curated, "is never chosen: nothing teaches its topic", remedy)
        if curated.kind == ReplyKind.ANSWER and any(not known.section for known in curated.headings.values()):
            yield _fault(
                curated, "names no section of the page", "Write section: with the heading it rests on."
            )
        yield from _without_notice(curated, content)
    for language in Language:
        yield from _unanswered(curated, content, language)


def _without_notice(curated: Curated, content: Content) -> Iterator[Fault]:
    for place, variant in curated.variants.items():
        notice = content.clinic.notices[place]
        if notice not in variant.text:
            yield _fault(curated, "lacks the standing notice", f'End it with "{notice}"', variant.line)


def _unanswered(curated: Curated, content: Content, language: Language) -> Iterator[Fault]:
    """Quick replies that are no topic's question, so that nobody knows what a tap would be answered."""
    questions = {content.question(name, language) for name in content.topics}
    variant = curated.variants.get((language, Channel.WEB))
    if variant is None:
        return
    for quick_reply in variant.quick_replies:
        if quick_reply not in questions:
            remedy = "Use the question of a topic, word for word."
            yield _fault(curated, f"offers '{quick_reply}', which no topic answers", remedy, variant.line)


def _fault(curated: Curated, problem: str, remedy: str, line: int | None = None) -> Fault:
    return Fault(curated.file, line or curated.line, f"'{curated.name}' {problem}", remedy)
