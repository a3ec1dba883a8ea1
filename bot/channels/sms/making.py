"""The provider that the settings name, and what is wrong with them."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from bot.channels.sms.telnyx import Telnyx
from bot.channels.sms.twilio import Twilio
from bot.messages import Clock
from bot.settings import Settings, SettingsError
from bot.texting.provider import Provider

LOCAL_NAMES: Final = frozenset({"localhost", ""})


def provider(settings: Settings, clock: Clock) -> Provider | None:
    """The SMS provider; None when there is none, so that nobody can text.

    Raises:
        SettingsError: The settings contradict each other, or would leave texts unanswered.
    """
    _require_local_if_unsigned(settings)
    if settings.telnyx_public_key:
        return _telnyx(settings, clock)
    if settings.twilio_auth_token or settings.sms_unsigned:
        return Twilio(
            settings.twilio_auth_token,
            account=settings.twilio_account_sid,
            sender=settings.sms_from,
            api=settings.twilio_api_url,
        )
    if settings.twilio_account_sid:
        raise SettingsError(
            "HARBORLINE_TWILIO_AUTH_TOKEN is not set, so no text could be verified. Copy it from Twilio's "
            "console, or remove HARBORLINE_TWILIO_ACCOUNT_SID."
        )
    return None


def texts_off(found: Provider | None) -> str | None:
    """Why nobody can be texted first, or None."""
    if found is None:
        return "SMS is off. docs/sms.md says how to set a number up."
    if found.sends:
        return None
    return (
        "Texts are answered, but none can be sent: set HARBORLINE_TWILIO_ACCOUNT_SID, "
        "HARBORLINE_TWILIO_AUTH_TOKEN and HARBORLINE_SMS_FROM."
    )


def _telnyx(settings: Settings, clock: Clock) -> Provider:
    if settings.twilio_auth_token:
        raise SettingsError(
            "HARBORLINE_TELNYX_PUBLIC_KEY and HARBORLINE_TWILIO_AUTH_TOKEN are both set. Keep one provider."
        )
    try:
        made = Telnyx(
            settings.telnyx_public_key,
            clock=clock,
            key=settings.telnyx_api_key,
            sender=settings.sms_from,
            api=settings.telnyx_api_url,
        )
    except ValueError as error:
        raise SettingsError(
            "HARBORLINE_TELNYX_PUBLIC_KEY is malformed. Copy it from Mission Control, Keys & Credentials."
        ) from error
    if not made.sends:
        raise SettingsError(
            "Telnyx answers through its API alone: set HARBORLINE_TELNYX_API_KEY and HARBORLINE_SMS_FROM."
        )
    return made


def _require_local_if_unsigned(settings: Settings) -> None:
    """Without signatures anybody could write as anybody, so only this machine may."""
    if not settings.sms_unsigned:
        return
    public = urlsplit(settings.public_url).hostname or ""
    for host in (settings.host, public):
        if not _is_local(host):
            raise SettingsError(
                f"HARBORLINE_SMS_UNSIGNED is for a developer's own machine, and {host} is not only that. "
                "Remove it, or listen on 127.0.0.1 without a public address."
            )


def _is_local(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
