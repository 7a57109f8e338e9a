"""Passwords: argon2id with the library's own parameters (RFC 9106), made anew when those change."""

from functools import cache
from threading import BoundedSemaphore
from typing import NewType

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from digest.errors import BadInput

PasswordHash = NewType("PasswordHash", str)

SHORTEST, LONGEST = 12, 500

AT_ONCE = 2  # each takes 64 MiB: a crowd at the door must not take them all

_hasher = PasswordHasher()
_seats = BoundedSemaphore(AT_ONCE)


def hash_password(password: str) -> PasswordHash:
    """Return what is kept of a password; BadInput for one that is too short or too long. Takes
    long: to be called outside of a transaction.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(f"a password has {SHORTEST} to {LONGEST} characters")
    with _seats:
        return PasswordHash(_hasher.hash(password))


def is_password(kept: str, password: str) -> bool:
    """Tell whether this is the password; takes as long where none is kept."""
    try:
        with _seats:
            return _hasher.verify(kept or _nobodys(), password) and bool(kept)
    except (VerifyMismatchError, InvalidHashError):
        return False


def is_outdated(kept: str) -> bool:
    """Tell whether a kept hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return _hasher.hash("the password of nobody at all")
