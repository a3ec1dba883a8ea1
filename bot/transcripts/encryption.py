"""The key ring: everything that people wrote is encrypted with it before it is stored.

AES-256-GCM with a fresh nonce, the row's UUID and the column as associated data (a ciphertext moved to
another row or column does not open), and the id of the key in front, so that keys can be rotated.
Stored form: version (1 byte), key id (4), nonce (12), ciphertext and tag.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
VERSION = b"\x01"
ID_BYTES = 4
NONCE_BYTES = 12
HEADER_BYTES = len(VERSION) + ID_BYTES + NONCE_BYTES


class KeyRingError(ValueError):
    """A key is malformed; the message names its place in the list, never the key."""


class DecryptionError(Exception):
    """A stored value was not made by any key of the ring for this row and column."""


def make_key() -> str:
    """A fresh random key in the form that the settings hold."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


class KeyRing:
    """One or more keys: the first encrypts, all of them decrypt.

    Raises:
        KeyRingError: There is no key, or one is not base64 of 32 bytes.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise KeyRingError("there is no key")
        self._secrets = [_decode(key, place) for place, key in enumerate(keys, start=1)]
        self._ciphers = {_key_id(secret): AESGCM(_derive(secret, "rows")) for secret in self._secrets}
        self.current = _key_id(self._secrets[0])
        """The id of the key that encrypts."""

    def encrypt(self, text: str, row: UUID, *, field: str = "text") -> bytes:
        """`text` as it may be stored in the column `field` of the row `row`."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self.current].encrypt(nonce, text.encode(), _bound_to(row, field))
        return VERSION + self.current + nonce + sealed

    def decrypt(self, blob: bytes, row: UUID, *, field: str = "text") -> str:
        """The reverse of `encrypt`.

        Raises:
            DecryptionError: Another key, another row, another column, or damage.
        """
        cipher = self._ciphers.get(key_id(blob))
        if cipher is None or not blob.startswith(VERSION):
            raise DecryptionError(f"no key of the ring made {field} of row {row}")
        nonce, sealed = blob[HEADER_BYTES - NONCE_BYTES : HEADER_BYTES], blob[HEADER_BYTES:]
        try:
            return cipher.decrypt(nonce, sealed, _bound_to(row, field)).decode()
        except (InvalidTag, ValueError) as error:
            raise DecryptionError(f"{field} of row {row} is damaged or was moved") from error

    def digest(self, purpose: str, text: str) -> str:
        """A keyed digest of `text`, for looking it up without storing it; 64 hexadecimal digits."""
        return self.digests(purpose, text)[0]

    def digests(self, purpose: str, text: str) -> tuple[str, ...]:
        """The digest under every key, the current one first: a row may be older than a rotation."""
        return tuple(
            hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
            for secret in self.derive_all(f"digest {purpose}")
        )

    def derive(self, purpose: str) -> bytes:
        """A 32-byte key of its own for `purpose`, from the current key."""
        return self.derive_all(purpose)[0]

    def derive_all(self, purpose: str) -> tuple[bytes, ...]:
        """The key for `purpose` from every key of the ring, the current one first."""
        return tuple(_derive(secret, purpose) for secret in self._secrets)


def key_id(blob: bytes) -> bytes:
    """The id of the key that made a stored value."""
    return blob[len(VERSION) : len(VERSION) + ID_BYTES]


def _decode(key: str, place: int) -> bytes:
    try:
        secret = base64.b64decode(key.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRingError(f"key {place} is not base64") from error
    if len(secret) != KEY_BYTES:
        raise KeyRingError(f"key {place} holds {len(secret)} bytes instead of {KEY_BYTES}")
    return secret


def _key_id(secret: bytes) -> bytes:
    return _derive(secret, "key id")[:ID_BYTES]


def _derive(secret: bytes, purpose: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"harborline {purpose}".encode())
    return hkdf.derive(secret)


def _bound_to(row: UUID, field: str) -> bytes:
    return row.bytes + field.encode()
