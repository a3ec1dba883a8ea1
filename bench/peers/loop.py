"""How a detector is asked: JSON lines in, JSON lines out. The standard library alone, for any environment.

The first line out is `{"version": …}`. Then each `{"n": 3, "text": …}` in gives `{"n": 3, "found": …,
"ms": …, "cpu_ms": …}`, in order, `found` being what the detector itself calls it; or `{"n": 3, "error": …}`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import TextIO

Reader = Callable[[str], str]
"""From a message to what a detector calls it, in its own words."""


def serve(version: str, read: Reader) -> None:
    """Answer every line of standard input; whatever the detector prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    logging.disable()
    with answers:
        _write(answers, {"version": version})
        read("ready")  # what is made on first use is not the first line's latency
        for row in sys.stdin:
            line = json.loads(row)
            _write(answers, {"n": line["n"], **_answer(read, line["text"])})


def _answer(read: Reader, text: str) -> dict[str, object]:
    started, computed = time.perf_counter(), time.process_time()
    try:
        found = read(text)
    except Exception as error:
        # The kind alone: what a library says of a text may quote it.
        return {"error": type(error).__name__}
    return {
        "found": found,
        "ms": (time.perf_counter() - started) * 1_000,
        "cpu_ms": (time.process_time() - computed) * 1_000,
    }


def _write(answers: TextIO, answer: dict[str, object]) -> None:
    # At once, so that a crash loses no answer that was given before it.
    print(json.dumps(answer), file=answers, flush=True)
