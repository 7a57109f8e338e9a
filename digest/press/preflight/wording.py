"""When two headlines say the same; pure."""

import re

WORD = re.compile(r"\w+")
ENOUGH_WORDS = 4  # shorter headlines must be equal: two of three words say little
NEAR = 0.8


def is_same_title(one: str, other: str) -> bool:
    """Return whether two headlines are the same but for case, signs and a word or so."""
    ours, theirs = _words(one), _words(other)
    if ours == theirs:
        return bool(ours)
    first, second = set(ours), set(theirs)
    if min(len(first), len(second)) < ENOUGH_WORDS:
        return False
    return len(first & second) / len(first | second) >= NEAR


def _words(text: str) -> list[str]:
    return WORD.findall(text.casefold())


def is_within(one: str, other: str) -> bool:
    """Return whether two titles say the same, or one holds the other; an empty one none."""
    ours, theirs = one.casefold().strip(), other.casefold().strip()
    if not ours or not theirs:
        return False
    return is_same_title(one, other) or ours in theirs or theirs in ours
