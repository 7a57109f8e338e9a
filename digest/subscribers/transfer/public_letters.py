"""Random letters for the public ids of many readers at once; see lifecycle for those of one.

The first letters are shared by all that one step of a merge makes, so that a step writes to one
place of an index instead of a thousand; the rest, 65 bits, are each reader's own.
"""

from collections.abc import Callable

ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567"  # of base32, RFC 4648
SHARED_LETTERS = 3
OWN_LETTERS = 13

_LETTER_OF_BYTE = bytes(ALPHABET[byte % len(ALPHABET)] for byte in range(256))


def letters(random_bytes: Callable[[int], bytes], texts: int, length: int) -> list[str]:
    """Return so many texts of so many random letters, each letter worth 5 bits."""
    drawn = random_bytes(texts * length).translate(_LETTER_OF_BYTE).decode("ascii")
    return [drawn[at : at + length] for at in range(0, len(drawn), length)]
