"""When a title is within another; pure. When two say the same, `curation.titles` knows."""

from digest.curation.titles import is_same_title


def is_within(one: str, other: str) -> bool:
    """Return whether two titles say the same, or one holds the other; an empty one none."""
    ours, theirs = one.casefold().strip(), other.casefold().strip()
    if not ours or not theirs:
        return False
    return is_same_title(one, other) or ours in theirs or theirs in ours
