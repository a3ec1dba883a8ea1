"""Passwords: argon2id, computed beside the event loop."""

from __future__ import annotations

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST: Final = 12
LONGEST: Final = 200
"""Characters; NIST SP 800-63B asks for length and against rules of composition."""

# The parameters of the OWASP Password Storage Cheat Sheet for argon2id.
_HASHER: Final = PasswordHasher(memory_cost=19_456, time_cost=2, parallelism=1)
_NOBODYS: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$fTFTkFvwWvmSKZ4Ovt5n+g$a8ZUO9rBoFFCFqp5mJ4EvlRN+8NTHNyVyQmCkUuqvgo"
)
"""Checked for a name that nobody has, so that the answer takes as long."""


class WeakPasswordError(ValueError):
    """A password that is not accepted; the message says why to whoever chose it."""


def check(password: str, *names: str) -> None:
    """Accept a password that somebody chose.

    Args:
        password: As it was typed.
        names: What it must not be made of: the person's login and name, the clinic.

    Raises:
        WeakPasswordError: It is too short, too long, one character over and over, or a name.
    """
    if len(password) < SHORTEST:
        raise WeakPasswordError(f"Use at least {SHORTEST} characters. Several words are easiest to remember.")
    if len(password) > LONGEST:
        raise WeakPasswordError(f"Use at most {LONGEST} characters.")
    bare = "".join(char for char in password.casefold() if char.isalpha())
    if len(set(password)) < 5 or bare in {name.casefold().replace(" ", "") for name in names}:
        raise WeakPasswordError("That is too easy to guess. Use several words that do not belong together.")


async def make_hash(password: str) -> str:
    """What may be stored of a password."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def fits(password: str, stored: str | None) -> bool:
    """Whether a password is the one that a hash was made of; takes as long when there is none."""
    return await asyncio.to_thread(_fits, password, stored) and bool(stored)


def _fits(password: str, stored: str | None) -> bool:
    try:
        return _HASHER.verify(stored or _NOBODYS, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
