"""The key ring: what it protects, what it refuses, and how keys are rotated."""

from __future__ import annotations

import base64
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.transcripts.encryption import DecryptionError, KeyRing, KeyRingError, make_key

RING = KeyRing([make_key()])


@given(st.text())
def test_what_goes_in_comes_out(text: str) -> None:
    row = uuid4()
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    assert RING.decrypt(RING.encrypt(text, row), row) == text


def test_the_same_words_never_look_the_same() -> None:
    row = uuid4()
    assert RING.encrypt("same", row) != RING.encrypt("same", row)


def test_r20_a_ciphertext_does_not_open_in_another_row_or_column() -> None:
    row = uuid4()
    blob = RING.encrypt("words", row, field="note")
    assert RING.decrypt(blob, row, field="note") == "words"
    for elsewhere in ({"row": uuid4(), "field": "note"}, {"row": row, "field": "text"}):
        with pytest.raises(DecryptionError):
            RING.decrypt(blob, **elsewhere)  # type: ignore[arg-type]


@pytest.mark.parametrize("place", [0, 1, 5, 16, 17, -1])
def test_one_changed_byte_is_noticed(place: int) -> None:
    row = uuid4()
    blob = bytearray(RING.encrypt("words", row))
    blob[place] ^= 1
    with pytest.raises(DecryptionError):
        RING.decrypt(bytes(blob), row)


@pytest.mark.parametrize("length", [0, 1, 5, 16, 17, 20])
def test_a_cut_value_is_noticed(length: int) -> None:
    row = uuid4()
    with pytest.raises(DecryptionError):
        RING.decrypt(RING.encrypt("words", row)[:length], row)


def test_r20_after_a_rotation_the_new_key_encrypts_and_the_old_one_still_reads() -> None:
    old, new = make_key(), make_key()
    row = uuid4()
    before, rotated = KeyRing([old]), KeyRing([new, old])
    written_before, written_after = before.encrypt("older", row), rotated.encrypt("newer", row)
    assert rotated.decrypt(written_before, row) == "older"
    assert KeyRing([new]).decrypt(written_after, row) == "newer"
    with pytest.raises(DecryptionError):
        KeyRing([new]).decrypt(written_before, row)
    with pytest.raises(DecryptionError):
        before.decrypt(written_after, row)


def test_a_digest_is_stable_keyed_and_for_one_purpose() -> None:
    key = make_key()
    ring, same, other = KeyRing([key]), KeyRing([key]), KeyRing([make_key()])
    digest = ring.digest("sender", "+15550100")
    assert digest == same.digest("sender", "+15550100")
    assert len({digest, ring.digest("token", "+15550100"), other.digest("sender", "+15550100")}) == 3
    assert "5550100" not in digest


def test_digests_cover_every_key_the_current_one_first() -> None:
    old, new = make_key(), make_key()
    digests = KeyRing([new, old]).digests("sender", "+15550100")
    assert digests == (
        KeyRing([new]).digest("sender", "+15550100"),
        KeyRing([old]).digest("sender", "+15550100"),
    )


def test_derived_keys_differ_by_purpose_and_key() -> None:
    ring = KeyRing([make_key(), make_key()])
    derived = {*ring.derive_all("tokens"), *ring.derive_all("cookies")}
    assert len(derived) == 4
    assert ring.derive("tokens") == ring.derive_all("tokens")[0]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ([], "no key"),
        (["!!"], "key 1 is not base64"),
        ([make_key(), "abc"], "key 2 is not base64"),
        ([base64.b64encode(b"short").decode()], "holds 5 bytes instead of 32"),
    ],
)
def test_a_malformed_key_is_named_by_its_place_alone(keys: list[str], problem: str) -> None:
    with pytest.raises(KeyRingError, match=problem):
        KeyRing(keys)


def test_both_spellings_of_base64_are_keys() -> None:
    secret = bytes(range(223, 255))
    row = uuid4()
    standard = KeyRing([base64.b64encode(secret).decode()])
    assert (
        KeyRing([base64.urlsafe_b64encode(secret).decode()]).decrypt(standard.encrypt("x", row), row) == "x"
    )
