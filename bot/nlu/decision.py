"""What to do about a ranking of topics: answer, refuse, ask which was meant, or decline."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from bot.messages import Candidate

OUT_OF_SCOPE: Final = "out_of_scope"
ASK_BACK: Final = "ask_back"
FALLBACK: Final = "nlu_fallback"
BEHIND: Final = 0.1
"""How far behind out of scope a topic may be and still be asked back about."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Scores in [0, 1] that decide; training finds them on examples by authors that it has not seen.

    `answer`: from here on the best topic is answered, if it leads the next one by `margin`. A clear lead
    says more than a high score, for probability is shared out among topics that lie close together.
    `ask`: from here on a question that is not answered is asked back.
    `refuse`: from here on a topic that must not be answered wins, whatever leads.
    """

    answer: float
    margin: float = 0.0
    ask: float = 1.0
    refuse: float = 1.0


def decide(
    ranking: Sequence[Candidate],
    thresholds: Thresholds,
    refusals: Collection[str],
    plainly: Collection[str] = (),
) -> Candidate:
    """The intent to act on: a topic, `out_of_scope`, `ask_back` or `nlu_fallback`.

    Args:
        ranking: Every topic with its score, best first; empty for a text without words.
        refusals: Topics that must not be answered. A wrong answer about a dose does harm and a refusal
            does little, so they win from a low score on, and are never asked back about.
        plainly: Topics that are answered wherever others would be asked back about: whoever asks whether
            this is a person is told at once that it is not (R10).
    """
    if not ranking:
        return Candidate(FALLBACK, 1.0)
    best = ranking[0]
    refusal = next((each for each in ranking if each.topic in refusals), None)
    if refusal is not None and (refusal is best or refusal.confidence >= thresholds.refuse):
        return refusal
    inside = [each for each in ranking if each.topic != OUT_OF_SCOPE and each.topic not in refusals]
    if not inside:
        return best
    if best.topic in plainly and best.confidence >= thresholds.ask:
        return best
    rival = max((each.confidence for each in ranking if each is not inside[0]), default=0.0)
    lead = inside[0].confidence - rival
    if inside[0].confidence >= thresholds.answer and lead >= thresholds.margin:
        return inside[0]
    if inside[0].confidence >= thresholds.ask and lead > -BEHIND:
        return Candidate(ASK_BACK, inside[0].confidence)
    return best if best.topic == OUT_OF_SCOPE else Candidate(FALLBACK, 1.0 - best.confidence)
