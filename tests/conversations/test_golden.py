"""Golden conversations, through the whole program: trained model, real database, real HTTP.

Each file of `golden/` is one conversation. A turn may hold:
say, repeat, then        the words; said so many times over; with these words after them
kinds                    exactly these kinds of reply, in order
kinds_include            at least these;  kinds_none_of  none of these
contains, lacks          patterns in all reply texts together;  source  one in the source line
language                 of every reply;  quick_replies  some must be offered
links                    these hrefs must be under the replies;  first_number  the first number of the text
level, level_at_least    of the stored turn
disclosure_optional      a disclosure that waited for a crisis to pass may be among the replies
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.messages import Level
from tests.fixtures.records import Records
from tests.fixtures.server import Server

GOLDEN = sorted(Path(__file__).with_name("golden").glob("*.yml"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_conversation(path: Path, server: Server) -> None:
    golden = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    chat = server.chat(golden.get("language", "en"))
    assert [reply["kind"] for reply in chat.greeting][:1] == ["disclosure"]
    for turn in golden["turns"]:
        replies = chat.say(turn["say"] * turn.get("repeat", 1) + turn.get("then", ""))
        check_kinds(turn, replies)
        check_text(turn, replies)
    records = Records(server)
    stored = records.inbound_levels(chat.conversation)
    assert len(stored) == len(golden["turns"])
    for turn, level in zip(golden["turns"], stored, strict=True):
        check_level(turn, level)
    if "handoffs" in golden:
        assert records.open_handoffs(chat.conversation) == golden["handoffs"]


def check_kinds(turn: dict[str, Any], replies: list[dict[str, Any]]) -> None:
    kinds = [reply["kind"] for reply in replies]
    assert kinds
    if turn.get("disclosure_optional"):
        kinds = ["disclosure", *(kind for kind in kinds if kind != "disclosure")]
    if "kinds" in turn:
        assert kinds == turn["kinds"]
    assert set(turn.get("kinds_include", [])) <= set(kinds)
    assert not set(turn.get("kinds_none_of", [])) & set(kinds)


def check_text(turn: dict[str, Any], replies: list[dict[str, Any]]) -> None:
    text = "\n".join(reply["text"] for reply in replies)
    for pattern in turn.get("contains", []):
        assert re.search(pattern, text, re.IGNORECASE), f"{pattern!r} is not in {text!r}"
    for pattern in turn.get("lacks", []):
        assert not re.search(pattern, text, re.IGNORECASE), f"{pattern!r} is in {text!r}"
    if "language" in turn:
        assert {reply["language"] for reply in replies} == {turn["language"]}
    if "source" in turn:
        sections = [reply["source"]["section"] for reply in replies if reply["source"]]
        assert any(turn["source"] in section for section in sections), sections
    if turn.get("quick_replies"):
        assert any(reply["quick_replies"] for reply in replies)
    hrefs = [link["href"] for reply in replies for link in reply["links"]]
    assert set(turn.get("links", [])) <= set(hrefs)
    if "first_number" in turn:
        first = re.search(r"\b(911|988)\b|\(\d{3}\) \d{3}-\d{4}", text)
        assert first
        assert first[0] == turn["first_number"]


def check_level(turn: dict[str, Any], level: Level) -> None:
    if "level" in turn:
        assert level is Level[turn["level"]], turn["say"][:80]
    if "level_at_least" in turn:
        assert level >= Level[turn["level_at_least"]], turn["say"][:80]
