"""Chat tokens: signed, for one conversation, for thirty days, under any key of the ring."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from bot.channels.tokens import LIFETIME, TokenError, Tokens
from bot.transcripts.encryption import KeyRing, make_key

NOW = datetime(2026, 5, 1, 2, 30, tzinfo=UTC)


def test_a_token_names_its_conversation(ring: KeyRing) -> None:
    conversation = uuid4()
    token = Tokens(ring).issue(conversation, now=NOW)
    assert Tokens(ring).conversation(token, now=NOW) == conversation


def test_another_key_does_not_verify(ring: KeyRing) -> None:
    token = Tokens(ring).issue(uuid4(), now=NOW)
    with pytest.raises(TokenError):
        Tokens(KeyRing([make_key()])).conversation(token, now=NOW)


def test_a_rotation_keeps_old_tokens_and_signs_with_the_new_key() -> None:
    old, new = make_key(), make_key()
    conversation = uuid4()
    rotated = Tokens(KeyRing([new, old]))
    before = Tokens(KeyRing([old])).issue(conversation, now=NOW)
    assert rotated.conversation(before, now=NOW) == conversation
    after = rotated.issue(conversation, now=NOW)
    assert Tokens(KeyRing([new])).conversation(after, now=NOW) == conversation
    with pytest.raises(TokenError):
        Tokens(KeyRing([old])).conversation(after, now=NOW)


@pytest.mark.parametrize(
    ("age", "valid"),
    [
        (LIFETIME, True),
        (LIFETIME + timedelta(seconds=1), False),
        (timedelta(minutes=-4), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_age(ring: KeyRing, age: timedelta, valid: bool) -> None:
    tokens = Tokens(ring)
    token = tokens.issue(uuid4(), now=NOW)
    if valid:
        tokens.conversation(token, now=NOW + age)
        return
    with pytest.raises(TokenError):
        tokens.conversation(token, now=NOW + age)


def test_no_single_character_can_be_changed(ring: KeyRing) -> None:
    tokens = Tokens(ring)
    conversation = uuid4()
    token = tokens.issue(conversation, now=NOW)
    for place in range(len(token) - 1):
        forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(TokenError):
            tokens.conversation(forged, now=NOW)


@pytest.mark.parametrize("token", ["", ".", "x", "é", "a.b.c", "\x00", "\udcff"])
def test_nonsense_is_refused(ring: KeyRing, token: str) -> None:
    with pytest.raises(TokenError):
        Tokens(ring).conversation(token, now=NOW)
