"""Settings: `.env` and the environment, read once into a frozen object; nothing else reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

PREFIX = "HARBORLINE_"
CONTACT = f"{PREFIX}CONTACT_"
"""Settings whose names begin so hold the addresses of the contacts on the roster."""
SECRET_CHARACTERS = 32
ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds `data/`, `config.yml` and `domain.yml`."""


class SettingsError(Exception):
    """A setting is missing, unknown or malformed; the message is one line that names the remedy."""


class Mode(StrEnum):
    """`CARD_ONLY` is the kill switch: no engine, every message gets the numbers."""

    FULL = "full"
    CARD_ONLY = "card-only"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an operator may choose. Each field is `HARBORLINE_` and its name in capitals.

    Relative paths of things that change (database, spool) start at the working directory; those of
    things that are shipped (data, model) at the project folder.
    """

    keys: tuple[str, ...] = ()
    database_url: str = "sqlite+aiosqlite:///var/harborline.db"
    spool: Path = Path("var/spool")
    data: Path = ROOT / "data"
    model: Path = ROOT / "models" / "harborline.tar.gz"
    mode: Mode = Mode.FULL
    require_signed: bool = False
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    page_addresses: bool = False
    notify_urls: tuple[str, ...] = ()
    time_zone: ZoneInfo = ZoneInfo("America/New_York")
    audit_anchor: Path = Path("audit/anchor.jsonl")
    audit_anchor_url: str = ""
    keep_days: int = 0
    keep_case_days: int = 0
    review_percent: int = 5
    review_weekly: int = 20
    heartbeat_secret: str = field(default="", repr=False)
    heartbeat_ping: str = field(default="", repr=False)
    sms_from: str = ""
    sms_unsigned: bool = False
    twilio_account_sid: str = ""
    twilio_auth_token: tuple[str, ...] = field(default=(), repr=False)
    twilio_api_url: str = "https://api.twilio.com"
    telnyx_public_key: str = ""
    telnyx_api_key: str = field(default="", repr=False)
    telnyx_api_url: str = "https://api.telnyx.com"
    contact: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Every setting that begins with `HARBORLINE_CONTACT_`, by its whole name."""

    @property
    def base_url(self) -> str:
        """Where people reach this server, without a slash at the end."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def behind_tls(self) -> bool:
        """Whether people reach this server by HTTPS, so that cookies may insist on it."""
        return self.public_url.startswith("https://")

    @property
    def learned(self) -> Path:
        """The folder of the trained layer of risk, beside the model."""
        return self.model.with_name(f"{self.model.name.partition('.')[0]}-risk")

    def require_keys(self) -> Settings:
        """These settings, if they can protect what people write.

        Raises:
            SettingsError: There is no key.
        """
        if not self.keys:
            raise SettingsError(
                f"{PREFIX}KEYS is not set, so nothing could be encrypted. "
                "Run 'harborline key --write' once to make .env with a fresh key."
            )
        return self


def load(environ: Mapping[str, str] | None = None, *, env_file: Path = Path(".env")) -> Settings:
    """Read `.env` in the working directory, then the environment, which wins.

    Args:
        environ: Stands in for the process's environment.
        env_file: A file of `NAME=value` lines; it may be absent.

    Raises:
        SettingsError: A name that begins with `HARBORLINE_` is unknown, or a value is malformed.
    """
    values = {**_from_file(env_file), **(os.environ if environ is None else environ)}
    ours = {name: value for name, value in values.items() if name.startswith(PREFIX)}
    known = {PREFIX + each.name.upper(): each.name for each in fields(Settings) if each.name != "contact"}
    contacts = {name: ours.pop(name).strip() for name in sorted(ours) if name.startswith(CONTACT)}
    unknown = sorted(ours.keys() - known.keys())
    if unknown:
        raise SettingsError(f"{unknown[0]} is not a setting. Correct its name: see docs/settings.md.")
    # An empty value is an unset one: `.env.example` lists every name.
    parsed = {known[name]: _parse(name, value) for name, value in ours.items() if value}
    return Settings(**parsed, contact={name: value for name, value in contacts.items() if value})


def _from_file(env_file: Path) -> dict[str, str]:
    try:
        values = dotenv_values(env_file, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file} cannot be read. Make it a readable UTF-8 file.") from error
    return {name: value or "" for name, value in values.items()}


def _parse(name: str, value: str) -> Any:
    try:
        return _PARSERS[name.removeprefix(PREFIX).lower()](value.strip())
    except ValueError as error:
        raise SettingsError(f"{name} is malformed: {error}.") from error


def _port(value: str) -> int:
    if not value.isdecimal() or int(value) > 65_535:
        raise ValueError("give a number from 0 to 65535")
    return int(value)


def _number(value: str, most: int) -> int:
    if not value.isascii() or not value.isdecimal() or int(value) > most:
        raise ValueError(f"give a number from 0 to {most:,}")
    return int(value)


def _mode(value: str) -> Mode:
    if value not in set(Mode):
        raise ValueError(f"give one of {', '.join(Mode)}")
    return Mode(value)


def _yes(value: str) -> bool:
    if value not in ("yes", "no"):
        raise ValueError("give yes or no")
    return value == "yes"


def _zone(value: str) -> ZoneInfo:
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError("give a name of the time zone database, like America/New_York") from error


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise ValueError("give https://host or http://host:port, without a path")
    return f"{parts.scheme}://{parts.netloc}"


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite+aiosqlite://", "postgresql+psycopg://")):
        raise ValueError("give sqlite+aiosqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
    return value


def _secret(value: str) -> str:
    if len(value) < SECRET_CHARACTERS:
        raise ValueError(
            f"give at least {SECRET_CHARACTERS} random characters, for example a 'harborline key'"
        )
    return value


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("give the whole address, https://…")
    return value


def _texts_from(value: str) -> str:
    if not re.fullmatch(r"\+[1-9]\d{6,14}|MG[0-9a-f]{32}", value):
        raise ValueError("give our number like +13215550100, or a Messaging Service's SID, MG and 32 digits")
    return value


def _words(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


_PARSERS: dict[str, Callable[[str], Any]] = {
    "keys": _words,
    "database_url": _database_url,
    "spool": Path,
    "data": lambda value: ROOT / value,
    "model": lambda value: ROOT / value,
    "mode": _mode,
    "require_signed": _yes,
    "host": str,
    "port": _port,
    "public_url": _origin,
    "allowed_origins": lambda value: tuple(_origin(part) for part in _words(value)),
    "trusted_proxies": _words,
    "page_addresses": _yes,
    # Apprise URLs may hold commas: one a line or separated by spaces.
    "notify_urls": lambda value: tuple(value.split()),
    "time_zone": _zone,
    "audit_anchor": Path,
    "audit_anchor_url": str,
    "keep_days": lambda value: _number(value, 36_500),
    "keep_case_days": lambda value: _number(value, 36_500),
    "review_percent": lambda value: _number(value, 100),
    "review_weekly": lambda value: _number(value, 1_000),
    "heartbeat_secret": _secret,
    "heartbeat_ping": _web_address,
    "sms_from": _texts_from,
    "sms_unsigned": _yes,
    "twilio_account_sid": str,
    "twilio_auth_token": _words,
    "twilio_api_url": _web_address,
    "telnyx_public_key": str,
    "telnyx_api_key": str,
    "telnyx_api_url": _web_address,
}
