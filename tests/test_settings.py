"""Settings are read once, and a wrong one is a single line that names the remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import ROOT, Mode, SettingsError, load


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A `.env` that does not exist."""
    return tmp_path / ".env"


def test_defaults_need_no_env_file(nowhere: Path) -> None:
    settings = load({}, env_file=nowhere)
    assert settings.host == "127.0.0.1"
    assert settings.port == 8000
    assert settings.mode is Mode.FULL
    assert settings.data == ROOT / "data"
    assert settings.base_url == "http://127.0.0.1:8000"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("HARBORLINE_PORT=9000\nHARBORLINE_HOST=0.0.0.0\n", encoding="utf-8")
    settings = load({"HARBORLINE_PORT": "9001"}, env_file=env_file)
    assert (settings.host, settings.port) == ("0.0.0.0", 9001)  # noqa: S104


def test_lists_are_split(nowhere: Path) -> None:
    environ = {
        "HARBORLINE_KEYS": "b25l, dHdv",
        "HARBORLINE_NOTIFY_URLS": "mailto://a@clinic.example json://pager.example",
        "HARBORLINE_ALLOWED_ORIGINS": "https://clinic.example,https://www.clinic.example/",
    }
    settings = load(environ, env_file=nowhere)
    assert settings.keys == ("b25l", "dHdv")
    assert settings.notify_urls == ("mailto://a@clinic.example", "json://pager.example")
    assert settings.allowed_origins == ("https://clinic.example", "https://www.clinic.example")


def test_addresses_of_contacts_are_kept_by_their_names(nowhere: Path) -> None:
    environ = {"HARBORLINE_CONTACT_ANA": " json://pager.example/a,b ", "HARBORLINE_CONTACT_BO": ""}
    assert load(environ, env_file=nowhere).contact == {"HARBORLINE_CONTACT_ANA": "json://pager.example/a,b"}
    with pytest.raises(SettingsError, match="HARBORLINE_CONTACTS"):
        load({"HARBORLINE_CONTACTS": "x"}, env_file=nowhere)


def test_an_empty_value_is_an_unset_one(nowhere: Path) -> None:
    assert load({"HARBORLINE_PORT": ""}, env_file=nowhere).port == 8000


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("HARBORLINE_PROT", "8000", "docs/settings.md"),
        ("HARBORLINE_PORT", "eighty", "from 0 to 65535"),
        ("HARBORLINE_PORT", "70000", "from 0 to 65535"),
        ("HARBORLINE_MODE", "off", "full, card-only"),
        ("HARBORLINE_PUBLIC_URL", "clinic.example", "https://host"),
        ("HARBORLINE_PUBLIC_URL", "https://clinic.example/chat", "without a path"),
        ("HARBORLINE_DATABASE_URL", "mysql://x", "postgresql+psycopg"),
    ],
)
def test_a_wrong_setting_is_one_line_with_its_remedy(
    nowhere: Path, name: str, value: str, remedy: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load({name: value}, env_file=nowhere)
    assert name in str(caught.value)
    assert remedy in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unreadable_env_file_is_named(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_bytes(b"HARBORLINE_HOST=\xff\xfe\n")
    with pytest.raises(SettingsError, match="cannot be read"):
        load({}, env_file=env_file)


def test_serving_needs_a_key(nowhere: Path) -> None:
    with pytest.raises(SettingsError, match="harborline key --write"):
        load({}, env_file=nowhere).require_keys()
    assert load({"HARBORLINE_KEYS": "b25l"}, env_file=nowhere).require_keys().keys == ("b25l",)
