"""Faults in the rules of what must not be answered, and rules that lead to no refusal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.content import Content
from bot.messages import ReplyKind
from bot.nlu.must_not_answer import FILE, MustNotAnswer
from bot.text.fault import DataError, Fault


def faults(data: Path, content: Content | None) -> Iterator[Fault]:
    """Whatever stops the rules from being used, and every topic of theirs that is not refused."""
    try:
        rules = MustNotAnswer.load(data).rules
    except DataError as error:
        yield from error.faults
        return
    if content is None:
        return
    for rule in rules:
        response = content.responses.get(f"utter_{rule.topic}")
        if response is None or response.kind is not ReplyKind.REFUSAL:
            problem = f"rule '{rule.name}' leads to '{rule.topic}', which is no refusal"
            yield Fault(data / FILE, rule.line, problem, "Name a topic whose response has kind: refusal.")
