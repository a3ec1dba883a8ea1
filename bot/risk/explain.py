"""A risk in words, for `harborline screen`: what was found, where, by which rule."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bot.messages import Cue, Experiencer, Level, Risk, Severity
from bot.risk.examples import Example
from bot.risk.screen import Screener

if TYPE_CHECKING:
    from bot.risk.learned import Finding

WHO = {Experiencer.SELF: "the person who writes", Experiencer.OTHER: "somebody else"}


def explain(text: str, risk: Risk, screener: Screener) -> str:
    """The risk as lines to read: level, kind, who, severity, cues with their words, context, version."""
    lines = [f"level      {risk.level.name}"]
    if risk.kind is not None:
        lines.append(f"kind       {risk.kind.value}")
        lines.append(f"who        {WHO[risk.experiencer]}{', a minor is named' if risk.minor else ''}")
    if risk.severity > Severity.UNKNOWN:
        name = risk.severity.name.lower().replace("_", " ")
        lines.append(f"C-SSRS     {risk.severity.value}, {name}")
    lines.extend(_cue(cue, text) for cue in risk.cues)
    lines.extend(
        f"lowered    {rule} by {', '.join(contexts)} to {level.name}: {_words(text, start, end)}"
        for rule, level, contexts, start, end in screener.lowered(text)
    )
    if not risk.cues:
        lines.append("No cue is left in force.")
    lines.append(f"version    {risk.version}")
    return "\n".join(lines)


def explain_finding(finding: Finding, found: Level, examples: Iterable[Example]) -> str:
    """What the learned layer adds, as lines to read: probabilities, level, nearest examples.

    Args:
        finding: What it made of the message.
        found: The level that the rules had found.
        examples: To show the texts of the nearest ones.
    """
    lines = [
        f"learned    crisis {finding.crisis:.0%}, at least a concern {finding.worry:.0%}, "
        f"{finding.familiar:.0%} of its words known"
    ]
    if finding.level > found:
        lines.append(f"raised     from {found.name} to {finding.level.name}")
    texts = {example.name: example.text for example in examples}
    lines.extend(
        f'like       {each.similarity:.2f} {each.example}: "{texts.get(each.example, "no longer there")}"'
        for each in finding.neighbours
    )
    return "\n".join(lines)


def _cue(cue: Cue, text: str) -> str:
    where = f"{cue.turns_ago} turns ago" if cue.turns_ago else _words(text, cue.start, cue.end)
    return f"cue        {cue.rule} ({cue.level.name}, {cue.kind.value}): {where}"


def _words(text: str, start: int, end: int) -> str:
    """The words of a span on one line, in quotes, with their place."""
    return f'"{" ".join(text[start:end].split())}" [{start}:{end}]'
