"""`python -m bench.peers.keywords`: twenty-five obvious words, as many a chatbot has them; the floor."""

from __future__ import annotations

import re
from typing import Final

from bench.peers.loop import serve

WORDS: Final = (
    "suicide",
    "suicidal",
    "kill myself",
    "killing myself",
    "end my life",
    "ending my life",
    "want to die",
    "wanna die",
    "better off dead",
    "no reason to live",
    "self harm",
    "self-harm",
    "cut myself",
    "cutting myself",
    "hurt myself",
    "overdose",
    "overdosed",
    "hang myself",
    "shoot myself",
    "jump off",
    "kill him",
    "kill her",
    "suicidio",
    "matarme",
    "quiero morir",
)
FOUND: Final = "crisis"
NOTHING: Final = "nothing"
_ANY: Final = re.compile(rf"\b(?:{'|'.join(map(re.escape, WORDS))})\b", re.IGNORECASE)


def read(text: str) -> str:
    """Whether one of the words is there, case aside."""
    return FOUND if _ANY.search(text) else NOTHING


if __name__ == "__main__":
    serve(str(len(WORDS)), read)
