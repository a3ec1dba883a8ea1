"""A risk in words, for `harborline screen`: what was found, where, by which rule."""

from __future__ import annotations

from bot.messages import Cue, Experiencer, Level, Risk, Severity
from bot.risk.screen import Screener

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
    if risk.level == Level.NONE:
        lines.append("No cue is left in force.")
    lines.append(f"version    {risk.version}")
    return "\n".join(lines)


def _cue(cue: Cue, text: str) -> str:
    where = f"{cue.turns_ago} turns ago" if cue.turns_ago else _words(text, cue.start, cue.end)
    return f"cue        {cue.rule} ({cue.level.name}, {cue.kind.value}): {where}"


def _words(text: str, start: int, end: int) -> str:
    """The words of a span on one line, in quotes, with their place."""
    return f'"{" ".join(text[start:end].split())}" [{start}:{end}]'
