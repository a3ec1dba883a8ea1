"""The documentation names every command, option and setting, and none that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

import click
import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.settings import PREFIX, ROOT, Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {file.name: file.read_text(encoding="utf-8") for file in sorted((ROOT / "docs").rglob("*.md"))}
EVERYTHING = "\n".join((README, *DOCS.values()))
NAMED_BY_THE_ROSTER = f"{PREFIX}CONTACT_"
"""Settings that begin so are named in `data/roster.yml`, each clinic's its own."""
SETTINGS = {f"{PREFIX}{field.name.upper()}" for field in fields(Settings) if field.name != "contact"}


def walk(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    if isinstance(command, click.Group):
        for part, inner in command.commands.items():
            yield from walk(inner, f"{name} {part}")
    else:
        yield name, command


COMMANDS = dict(walk(main, "harborline"))
OPTIONS = [
    (name, option)
    for name, command in COMMANDS.items()
    for parameter in command.params
    if isinstance(parameter, click.Option)
    for option in parameter.opts
    if option.startswith("--")
]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_table_of_the_readme(name: str) -> None:
    table = [line for line in README.splitlines() if line.startswith("| `harborline")]
    assert any(re.match(rf"\| `{re.escape(name)}\b", line) for line in table)


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=lambda value: str(value))
def test_every_option_is_documented_with_its_command(name: str, option: str) -> None:
    paragraphs = re.split(r"\n\s*\n|\n(?=\|)", EVERYTHING)
    assert any(name in paragraph and option in paragraph for paragraph in paragraphs)


@pytest.mark.parametrize("name", sorted(name for name in COMMANDS if name != "harborline rasa"))
def test_every_command_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(main, [*name.split()[1:], "--help"])
    assert shown.exit_code == 0
    assert len(shown.output) > 100


def test_no_command_is_documented_that_there_is_not() -> None:
    groups = {name.rsplit(" ", 1)[0] for name in COMMANDS}
    for words in re.findall(r"`harborline ((?:[a-z-]+ ?)+)", EVERYTHING):
        name = f"harborline {words.strip()}"
        known = any(
            name == each or name.startswith(f"{each} ") for each in (*COMMANDS, *groups - {"harborline"})
        )
        assert known, f"'{name}' is documented and is no command"


@pytest.mark.parametrize("setting", sorted(SETTINGS))
@pytest.mark.parametrize("place", ["docs/settings.md", ".env.example"])
def test_every_setting_is_documented(setting: str, place: str) -> None:
    text = (ROOT / place).read_text(encoding="utf-8")
    assert re.search(rf"\b{setting}\b", text)


def test_no_setting_is_documented_that_there_is_not() -> None:
    written = re.findall(rf"\b{PREFIX}[A-Z_]+\b", EVERYTHING + (ROOT / ".env.example").read_text("utf-8"))
    assert {name for name in written if not name.startswith(NAMED_BY_THE_ROSTER)} <= SETTINGS


def test_defaults_are_those_of_the_settings() -> None:
    rows = dict(re.findall(r"^\| `(HARBORLINE_\w+)` \| `([^`]*)` \|", DOCS["settings.md"], re.MULTILINE))
    defaults = Settings()
    for name, shown in rows.items():
        value = getattr(defaults, name.removeprefix(PREFIX).lower())
        expected = (
            {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        )
        if name != f"{PREFIX}PUBLIC_URL":  # made of host and port
            assert expected.removeprefix(f"{ROOT}/") == shown
