"""The layers of docs/architecture.md: who may import whom, who knows Rasa, and where times come from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import ROOT

LAYERS: dict[str, set[str]] = {
    "messages": set(),
    "settings": set(),
    "clock": set(),
    "deadline": set(),
    "disclosure": set(),
    "exchange": {"messages", "transcripts"},
    "clearing": {"deadline", "memory", "transcripts"},
    "judging": {"messages", "deadline", "exchange", "transcripts"},
    "encoders": set(),
    "text": {"messages"},
    "risk": {"messages", "text", "encoders"},
    "content": {"messages", "text"},
    "cards": {"messages", "content"},
    "keywords": {"messages", "text", "content"},
    "transcripts": {"messages", "text"},
    "handoff": {"messages", "transcripts"},
    "roster": {"messages", "text", "content"},
    "pages": {"messages", "transcripts"},
    "leasing": {"transcripts"},
    "dispatches": {"transcripts", "pages"},
    "outbox": {"messages", "transcripts", "pages", "leasing", "dispatches"},
    "escalation": {"messages", "roster", "transcripts"},
    "deliveries": {"messages", "transcripts", "pages"},
    "replay": {"messages", "transcripts", "handoff"},
    "texting": {"messages", "content", "transcripts", "handoff", "leasing"},
    "live": set(),
    "audit": {"messages", "transcripts"},
    "staff": {"messages", "transcripts", "audit"},
    "cases": {"messages", "transcripts", "handoff"},
    "browsing": {"messages", "transcripts"},
    "rates": set(),
    "charts": set(),
    "overview": {"messages", "transcripts", "rates"},
    "joining": {"messages", "content", "transcripts", "handoff", "texting"},
    "reviewing": {"messages", "text", "transcripts", "handoff", "staff"},
    "extracts": {"messages", "text", "transcripts", "browsing", "cases"},
    "retention": {"messages", "transcripts", "staff"},
    "review": {
        "browsing",
        "reviewing",
        "extracts",
        "retention",
        "joining",
        "overview",
        "rates",
        "charts",
        "text",
        "messages",
        "transcripts",
        "handoff",
        "audit",
        "staff",
        "cases",
        "live",
        "channels",
        "pages",
        "deliveries",
        "roster",
    },
    "notify": {"messages", "transcripts", "pages", "escalation"},
    "model": {"settings", "encoders"},
    "second_look": {"messages", "encoders", "risk"},
    "nlu": {"messages", "settings", "text", "encoders", "risk", "content"},
    "rasa_compat": {
        "encoders",
        "messages",
        "settings",
        "model",
        "content",
        "text",
        "transcripts",
        "actions",
        "nlu",
    },
    "engine": {"messages", "settings", "content", "model", "nlu", "rasa_compat"},
    "memory": {"messages", "transcripts"},
    "mending": {"messages", "deadline", "memory", "replay", "transcripts"},
    "guarantee": {"messages", "cards"},
    "acceptance": {
        "messages",
        "text",
        "risk",
        "keywords",
        "transcripts",
        "memory",
        "deadline",
        "replay",
    },
    "followups": {"messages", "content"},
    "offers": {"messages", "content", "followups"},
    "understanding": {"messages", "text", "content", "followups", "acceptance"},
    "remainder": {"messages", "content", "cards", "acceptance"},
    "answering": {
        "remainder",
        "followups",
        "offers",
        "understanding",
        "messages",
        "text",
        "keywords",
        "content",
        "cards",
        "acceptance",
    },
    "calling_back": {"messages", "cards", "deadline", "replay", "transcripts"},
    "recording": {"messages", "transcripts", "memory", "deadline", "acceptance", "replay", "exchange"},
    "completing": {"messages", "cards", "keywords", "disclosure", "guarantee", "acceptance"},
    "last_resort": {"messages", "text", "risk", "cards", "exchange"},
    "conversation": {
        "completing",
        "last_resort",
        "transcripts",
        "exchange",
        "keywords",
        "messages",
        "text",
        "risk",
        "content",
        "cards",
        "memory",
        "second_look",
        "acceptance",
        "answering",
        "recording",
        "calling_back",
    },
    "channels": {
        "exchange",
        "clearing",
        "judging",
        "messages",
        "settings",
        "text",
        "content",
        "cards",
        "conversation",
        "calling_back",
        "transcripts",
        "services",
        "rehearsal",
        "deadline",
        "texting",
    },
    "embedding": {"messages", "content"},
    "checks": {"messages", "text", "encoders", "risk", "content", "cards", "keywords", "nlu", "roster"},
    "reloading": {"text", "risk", "content", "cards"},
    "refusals": {"settings", "text"},
    "opening": {"settings", "transcripts"},
    "inbox": {
        "audit",
        "opening",
        "refusals",
        "settings",
        "messages",
        "text",
        "encoders",
        "content",
        "checks",
        "transcripts",
        "clock",
    },
    "vocabulary": {"content", "checks"},
    "curation": {"messages", "text", "content", "cards", "checks"},
    "evaluation": {
        "charts",
        "rates",
        "teaching",
        "refusals",
        "messages",
        "settings",
        "text",
        "encoders",
        "risk",
        "content",
        "model",
        "nlu",
        "rasa_compat",
        "services",
        "rehearsal",
    },
    "simulator": {
        "messages",
        "settings",
        "text",
        "content",
        "cards",
        "keywords",
        "transcripts",
        "texting",
        "channels",
        "rehearsal",
        "services",
        "app",
    },
    "heartbeat": {"messages", "channels", "notify", "pages"},
    "actions": {
        "messages",
        "settings",
        "text",
        "content",
        "cards",
        "risk",
        "transcripts",
        "handoff",
        "clock",
    },
}
WIRING = {
    "teaching",
    "beating",
    "publishing",
    "logs",
    "rehearsal",
    "services",
    "app",
    "cli",
    "cli_content",
    "cli_embed",
    "cli_sms",
    "cli_staff",
    "exporting",
    "desk",
    "administration",
    "demo",
    "demo_days",
    "purging",
    "demo_reviews",
}
"""May import everything."""
KNOWS_RASA = {"nlu", "rasa_compat", "engine", "actions"}
MODULES = sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "actions").rglob("*.py")])


def layer(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "actions" if parts[0] == "actions" else parts[1]


def imported(path: Path) -> Iterator[str]:
    """Full names of imported modules."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


def layers_imported(path: Path) -> set[str]:
    names = (name.split(".") for name in imported(path))
    return {
        "actions" if parts[0] == "actions" else parts[1]
        for parts in names
        if parts[0] == "actions" or (parts[0] == "bot" and len(parts) > 1)
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_only_from_its_layers(path: Path) -> None:
    ours = layer(path)
    if ours in WIRING or ours == "__init__":
        return
    assert ours in LAYERS, f"{ours} has no place among the layers"
    assert layers_imported(path) - {ours} <= LAYERS[ours]


def test_no_circle() -> None:
    seen: set[str] = set()
    open_: set[str] = set()

    def visit(name: str) -> None:
        assert name not in open_, f"{name} imports itself through others"
        if name in seen:
            return
        open_.add(name)
        for below in LAYERS.get(name, ()):
            visit(below)
        open_.discard(name)
        seen.add(name)

    for name in LAYERS:
        visit(name)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_engine_knows_rasa(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)}
    if layer(path) not in KNOWS_RASA:
        assert not roots & {"rasa", "rasa_sdk"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_times_come_from_the_clock(path: Path) -> None:
    if layer(path) == "clock":
        return
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and (
            (node.attr in ("now", "utcnow", "today") and ast.unparse(node.value) in ("datetime", "date"))
            or (node.attr == "time" and ast.unparse(node.value) == "time")
        )
    ]
    assert calls == [], [f"{path}:{call.lineno}" for call in calls]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_settings_read_the_environment(path: Path) -> None:
    if layer(path) in ("settings", "cli", "rasa_compat"):
        return
    source = path.read_text(encoding="utf-8")
    assert "os.environ" not in source
    assert "getenv" not in source
