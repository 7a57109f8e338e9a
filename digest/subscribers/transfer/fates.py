"""What becomes of a row of somebody's list: the reader joins, has left, or must not be mailed.

Pure values. Of two rows with one address the severer fate counts, whatever their order: whom the
old provider must not mail is mailed by nobody.
"""

import enum
from collections.abc import Mapping


class Fate(enum.IntEnum):
    """What a row asks for, the severer the higher. Those from LEFT on bring nobody a copy."""

    ACTIVE = 0
    PAUSED = 1
    PENDING = 2
    LEFT = 4
    ERASED = 5
    BOUNCED = 6
    COMPLAINED = 7
    BLOCKED = 8


# What the status columns of the world say; None: neither taken in nor barred, only counted.
WORDS: Mapping[str, Fate | None] = {
    **dict.fromkeys(("", "active", "subscribed", "confirmed", "enabled"), Fate.ACTIVE),
    **dict.fromkeys(("true", "yes", "1"), Fate.ACTIVE),
    **dict.fromkeys(("unsubscribed", "left", "opted out", "false", "no", "0"), Fate.LEFT),
    **dict.fromkeys(("cleaned", "bounced", "undeliverable"), Fate.BOUNCED),
    **dict.fromkeys(("complained", "spam", "abuse"), Fate.COMPLAINED),
    **dict.fromkeys(("blocked", "blocklisted", "blacklisted", "suppressed"), Fate.BLOCKED),
    **dict.fromkeys(("pending", "unconfirmed", "unactivated", "paused"), None),
    **dict.fromkeys(("inactive", "disabled", "removed", "deleted", "archived"), None),
    **dict.fromkeys(("non-subscribed", "transactional"), None),
}

_BECOMES: Mapping[Fate | None, str] = {
    None: "left out",
    Fate.ACTIVE: "they join",
    Fate.PAUSED: "they join, paused",
    Fate.PENDING: "they are still to confirm",
    Fate.LEFT: "they have left, and stay so",
}


def in_words(fate: Fate | None) -> str:
    """Return what becomes of people with a fate, as operators and editors read it."""
    return _BECOMES.get(fate, "they are never mailed")
