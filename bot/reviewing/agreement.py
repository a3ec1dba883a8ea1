"""How well two reviewers agree: Cohen's kappa (1960), its interval by Fleiss, Cohen and Everitt (1969)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.messages import Level
from bot.reviewing.verdicts import in_danger
from bot.transcripts.tables import Review, ReviewItem, ReviewStage, Turn, Verdict

Z: Final = NormalDist().inv_cdf(0.975)
Pair = tuple[Hashable, Hashable]


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance on `n` messages; `value` is None where chance alone explains everything."""

    n: int
    value: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """On whether somebody is in danger, and on what the verdict is."""

    danger: Kappa
    verdict: Kappa


def kappa(pairs: Sequence[Pair]) -> Kappa:
    """Cohen's kappa of two raters who judged the same things."""
    n = len(pairs)
    if not n:
        return Kappa(0, None, None)
    first, second = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    cells, categories = Counter(pairs), set(first) | set(second)
    agreed = sum(cells[each, each] for each in categories) / n
    chance = sum(first[each] * second[each] for each in categories) / n**2
    if chance == 1:
        return Kappa(n, None, None)
    value = (agreed - chance) / (1 - chance)
    if agreed == 1:
        # Nobody disagreed: the formula would say that this is certain.
        return Kappa(n, value, None)
    error = _error(cells, first, second, n, value, agreed, chance)
    return Kappa(n, value, (max(-1.0, value - Z * error), min(1.0, value + Z * error)))


def _error(
    cells: Counter[Pair],
    first: Counter[Hashable],
    second: Counter[Hashable],
    n: int,
    value: float,
    agreed: float,
    chance: float,
) -> float:
    """The standard error for any value of kappa (Fleiss, Cohen, Everitt 1969, formula 13)."""
    own = sum(
        (count / n) * (1 - (first[one] + second[one]) / n * (1 - value)) ** 2
        for (one, other), count in cells.items()
        if one == other
    )
    others = (1 - value) ** 2 * sum(
        (count / n) * ((second[one] + first[other]) / n) ** 2
        for (one, other), count in cells.items()
        if one != other
    )
    less = (value - chance * (1 - value)) ** 2
    return float((max(0.0, own + others - less) / n) ** 0.5 / (1 - chance))


async def agreement(session: AsyncSession) -> Agreement:
    """Over the messages that were chosen beforehand for two verdicts and have them."""
    one, other = aliased(Review), aliased(Review)
    wanted: Any = (
        select(Turn.level, one.verdict, one.label, other.verdict, other.label)
        .join(ReviewItem, ReviewItem.turn_id == Turn.id)
        .join(one, one.turn_id == Turn.id)
        .join(other, other.turn_id == Turn.id)
        .where(ReviewItem.twice, one.stage == ReviewStage.FIRST, other.stage == ReviewStage.SECOND)
    )
    rows = (await session.execute(wanted)).tuples().all()
    dangers = [
        (in_danger(first, level or Level.NONE), in_danger(second, level or Level.NONE))
        for level, first, _, second, _ in rows
    ]
    verdicts = [((_plain(first), label), (_plain(second), also)) for _, first, label, second, also in rows]
    return Agreement(kappa(dangers), kappa(verdicts))


def _plain(verdict: Verdict) -> Verdict:
    """How an answer is worded cannot be judged blind."""
    return Verdict.RIGHT if verdict is Verdict.NEEDS_EDITING else verdict
