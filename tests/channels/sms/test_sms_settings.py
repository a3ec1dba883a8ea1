"""Which provider the settings make, and what they refuse to start with."""

from __future__ import annotations

import base64

import pytest

from bot.channels.sms.making import provider, texts_off
from bot.settings import Settings, SettingsError
from tests.fixtures.clock import HandClock

PUBLIC = base64.b64encode(bytes(32)).decode()


def made(clock: HandClock, **chosen: object) -> object:
    return provider(Settings(**chosen), clock)  # type: ignore[arg-type]


def test_without_settings_there_is_no_sms_and_it_says_so(clock: HandClock) -> None:
    assert made(clock) is None
    assert "SMS is off" in (texts_off(None) or "")


def test_with_a_token_alone_texts_are_answered_and_none_is_sent(clock: HandClock) -> None:
    found = provider(Settings(twilio_auth_token=("t",)), clock)
    assert found is not None
    assert not found.sends
    assert "HARBORLINE_TWILIO_ACCOUNT_SID" in (texts_off(found) or "")


def test_with_credentials_texts_are_sent(clock: HandClock) -> None:
    found = provider(
        Settings(twilio_auth_token=("t",), twilio_account_sid="AC1", sms_from="+13215550100"), clock
    )
    assert found is not None
    assert found.sends
    assert texts_off(found) is None


@pytest.mark.parametrize(
    ("chosen", "problem"),
    [
        ({"twilio_account_sid": "AC1"}, "HARBORLINE_TWILIO_AUTH_TOKEN is not set"),
        ({"telnyx_public_key": PUBLIC}, "HARBORLINE_TELNYX_API_KEY"),
        ({"telnyx_public_key": "no key"}, "malformed"),
        ({"telnyx_public_key": PUBLIC, "twilio_auth_token": ("t",)}, "both set"),
        ({"sms_unsigned": True, "public_url": "https://chat.clinic.example"}, "HARBORLINE_SMS_UNSIGNED"),
        ({"sms_unsigned": True, "host": "0.0.0.0"}, "HARBORLINE_SMS_UNSIGNED"),  # noqa: S104
        ({"sms_unsigned": True, "host": "192.168.1.5"}, "HARBORLINE_SMS_UNSIGNED"),
    ],
)
def test_settings_that_would_leave_texts_open_or_unanswered_are_refused(
    clock: HandClock, chosen: dict[str, object], problem: str
) -> None:
    with pytest.raises(SettingsError, match=problem):
        made(clock, **chosen)


@pytest.mark.parametrize("chosen", [{}, {"host": "localhost"}, {"public_url": "http://127.0.0.1:8000"}])
def test_without_signatures_on_this_machine_alone(clock: HandClock, chosen: dict[str, object]) -> None:
    assert made(clock, sms_unsigned=True, **chosen) is not None
