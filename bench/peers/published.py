"""`python -m bench.peers.published NAME`: a published detector, inside the environment it is installed in.

Each is used as its documentation shows, with its own defaults, and every message is its first.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Final

from bench.peers.loop import Reader, serve

NOTHING: Final = "nothing"
REFUSED: Final = "refused"
FOUND: Final = "crisis"


def bh_sentinel() -> Reader:
    """The highest severity among its flags; texts under three characters it refuses to read."""
    from bh_sentinel.core import AnalysisResponse, Pipeline

    pipeline = Pipeline()
    ascending = ("LOW", "MEDIUM", "HIGH", "CRITICAL")

    def read(text: str) -> str:
        response = pipeline.analyze_sync(text)
        if not isinstance(response, AnalysisResponse):
            return REFUSED
        # Not `summary.max_severity`: that is LOW when there is no flag at all.
        found = (str(flag.severity) for flag in response.flags)
        return max(found, key=ascending.index, default=NOTHING)

    return read


def pantheon() -> Reader:
    """Whether its crisis protocol would break off the conversation."""
    from pantheon_guardrails.crisis import CrisisProtocol

    protocol = CrisisProtocol()
    return lambda text: FOUND if protocol.check(text, jurisdiction="US").triggered else NOTHING


def cogno_aegis() -> Reader:
    """Whether its input guard, with the crisis rules that it brings along, stops the message."""
    from cogno_aegis import InputGuard
    from cogno_aegis.safety import DEFAULT_CRISIS_RULES

    guard = InputGuard(crisis_rules=DEFAULT_CRISIS_RULES)
    return lambda text: NOTHING if guard.check_crisis(text).ok else FOUND


def rrt_advocate() -> Reader:
    """The colour of its assessment, GREEN to BLACK, with VADER as its layer of sentiment."""
    from rrt_advocate import CrisisEngine

    engine = CrisisEngine("one-message")

    def read(text: str) -> str:
        engine.reset_session()
        return str(engine.assess(text).crisis_level.name)

    return read


READERS: Final[Mapping[str, Callable[[], Reader]]] = {
    "bh-sentinel-core": bh_sentinel,
    "pantheon-guardrails": pantheon,
    "cogno-aegis": cogno_aegis,
    "rrt-advocate": rrt_advocate,
}
"""By the name of the distribution."""

if __name__ == "__main__":
    serve(version(sys.argv[1]), READERS[sys.argv[1]]())
