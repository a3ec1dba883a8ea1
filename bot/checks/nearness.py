"""Training utterances that mean nearly what another topic's do: warnings, for the writer to judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.checks.utterances import Utterance, synonyms, training
from bot.encoders import PairedEncoder, shared
from bot.nlu.wording import Wording
from bot.text.fault import Fault

BOUNDLESS = "out_of_scope"
"""Whatever no answer was written for: its near misses are meant to lie beside other topics."""

ALIKE = 0.8
"""The cosine from which two utterances are about the same thing; below it even the nearest is a stranger."""
MARGIN = 0.05
"""By how much the other topic must be nearer. Both were chosen by reading what is reported: with neither, a
third of all utterances would be, most of them for no reason that a person can see."""


def warnings(data: Path) -> list[Fault]:
    """Every utterance that is plainly nearer to one of another topic, in the order of files and lines.

    As near as the topic model sees it: cosine of the sentence vectors, after synonyms, by the encoder
    that finds the pair nearer. Utterances out of scope are neighbours here and are not judged. Takes
    about 7 s for 2,800 utterances on two cores.

    Raises:
        WeightsError: The encoders' weights are missing or altered.
    """
    found: list[Fault] = []
    utterances = training(data, found)
    wording = Wording(synonyms(data, found))
    encoder = shared()
    vectors = encoder.encode([wording.read(utterance.text) for utterance in utterances])
    return list(_misplaced(utterances, encoder, vectors)) if utterances else []


def _misplaced(
    utterances: Sequence[Utterance], encoder: PairedEncoder, vectors: NDArray[np.float32]
) -> Iterator[Fault]:
    topics = np.array([utterance.topic for utterance in utterances])
    for at, utterance in enumerate(utterances):
        if utterance.topic == BOUNDLESS:
            continue
        cosines = encoder.cosines(vectors[at : at + 1], vectors)[0]
        cosines[at] = -1.0
        own = topics == utterance.topic
        foreign = np.where(own, -1.0, cosines)
        nearest = int(foreign.argmax())
        nearest_own = float(cosines[own].max())
        if foreign[nearest] >= max(ALIKE, nearest_own + MARGIN):
            yield _warning(utterance, utterances[nearest], float(foreign[nearest]), nearest_own)


def _warning(utterance: Utterance, other: Utterance, near: float, own: float) -> Fault:
    problem = (
        f"'{utterance.text}' of {utterance.topic} is nearer ({near:.2f}) to '{other.text}' of {other.topic} "
        f"({other.place}) than to its own topic ({own:.2f})"
    )
    return Fault(
        utterance.file, utterance.line, problem, "Reword one, move it, or leave it if both are right."
    )
