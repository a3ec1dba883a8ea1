"""The inbox: messages that were not understood, scrubbed, alike ones together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import AgglomerativeClustering

from bot.audit import Act, record
from bot.checks.similarity import Known
from bot.checks.utterances import training
from bot.content.folding import words
from bot.opening import database_of
from bot.settings import Settings
from bot.text.scrub import scrub
from bot.transcripts.unsettled import Unsettled, unsettled

ALIKE: Final = 0.6
"""Mean cosine from which messages are listed together; `check --utterances` calls 0.8 the same thing."""
SHOWN: Final = 3
"""Topics that are suggested for a group."""

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Group:
    """Messages that are alike, and the topics that they seemed to be about, likeliest first."""

    messages: tuple[Unsettled, ...]
    suggested: tuple[str, ...]


async def fetch(settings: Settings, since: datetime, now: datetime) -> tuple[Unsettled, ...]:
    """Messages that were not understood, scrubbed; without those that training nearly holds.

    They are people's words, so looking at them is written into the audit log.

    Raises:
        SettingsError: The database cannot be used, or the key does not fit.
    """
    async with database_of(settings) as (database, ring), database.transaction() as session:
        found = await unsettled(session, ring, since)
        detail = {"since": since.isoformat(), "messages": len(found)}
        await record(session, ring, Act.INBOX_VIEWED, now, detail=detail)
    return _fresh(found, settings.data)


def _fresh(found: Sequence[Unsettled], data: Path) -> tuple[Unsettled, ...]:
    texts = [utterance.text for utterance in training(data, [])]
    vocabulary = frozenset(word for text in texts for word in words(text))
    known = Known(texts)
    for text in texts:
        known.add(text)
    scrubbed = [replace(each, text=scrub(each.text, vocabulary)) for each in found]
    return tuple(each for each in scrubbed if words(each.text) and known.nearest(each.text) is None)


def grouped(messages: Sequence[Unsettled], encode: Encode) -> list[Group]:
    """Alike messages together, the largest group first.

    Args:
        messages: Scrubbed.
        encode: Texts to rows of unit length.
    """
    if not messages:
        return []
    labels = np.zeros(len(messages), dtype=np.int64)
    if len(messages) > 1:
        vectors = encode([message.text for message in messages])
        clustering = AgglomerativeClustering(
            n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - ALIKE
        )
        labels = clustering.fit_predict(np.clip(1 - vectors @ vectors.T, 0, 2))
    members = [[messages[int(at)] for at in np.flatnonzero(labels == label)] for label in np.unique(labels)]
    groups = [Group(tuple(own), _suggested(own)) for own in members]
    return sorted(groups, key=lambda group: (-len(group.messages), group.messages[0].text))


def _suggested(messages: Sequence[Unsettled]) -> tuple[str, ...]:
    """What staff corrected it to counts more than what the model thought."""
    votes: Counter[str] = Counter()
    for message in messages:
        for place, topic in enumerate(message.candidates):
            votes[topic] += len(message.candidates) - place
        if message.label:
            votes[message.label] += 100
    return tuple(topic for topic, _ in votes.most_common(SHOWN))


def to_text(groups: Sequence[Group]) -> str:
    """The inbox for the terminal: a paragraph a group."""
    if not groups:
        return "The inbox is empty."
    return "\n\n".join(_paragraph(place, group) for place, group in enumerate(groups, start=1))


def _paragraph(place: int, group: Group) -> str:
    count = len(group.messages)
    head = f"{place}. {count} message{'s' if count > 1 else ''}; perhaps {', '.join(group.suggested) or '?'}"
    lines = [
        f"   {message.turn.hex[:8]}  {message.text}  ({', '.join(message.reasons)})"
        for message in group.messages
    ]
    return "\n".join((head, *lines))
