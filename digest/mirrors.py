"""Other places where the same is found: the names of their slots, and the order they are tried in.

A mirror is *of* a host of articles, or of the newsletter's own reader pages (`PAGES`). What a mail
may lead to is listed when it is approved; which of the list it leads to is chosen when its audience
is frozen. Names and order only; the lowest floor, so that all who use them agree.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

PAGES = "pages"
PICTURES = "/pictures/"  # below the reader pages: our own pictures, for everybody
FIRST, SECOND = "mirror", "mirror2"
SLOT = re.compile(r"mirror2?:(pages|[a-z0-9-]+(\.[a-z0-9-]+)+)")

Order = Mapping[str, Sequence[str]]  # by what is mirrored: addresses, the best first


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What is mirrored, and every address that may stand for it, as the operator prefers them.

    Addresses have a scheme and no slash at their end.
    """

    of: str
    at: tuple[str, ...]


def first_slot(of: str) -> str:
    """Return the name of the slot that takes the chosen address."""
    return f"{FIRST}:{of}"


def second_slot(of: str) -> str:
    """Return the name of the slot that takes the address to try next."""
    return f"{SECOND}:{of}"


def is_mirror_slot(name: str) -> bool:
    """Return whether this names a slot of a mirror."""
    return SLOT.fullmatch(name) is not None


def mirrored_by(slot: str) -> str:
    """Return what the mirror of a slot is of."""
    return slot.partition(":")[2]


def choose(mirrors: Iterable[Mirrored], wanted: Order | None) -> dict[str, list[str]]:
    """Return every listed address in the order it is tried: as wanted, then as listed.

    An address that is wanted and not listed is left out: nobody approved it.
    """
    return {m.of: _ordered(m.at, (wanted or {}).get(m.of, ())) for m in mirrors}


def _ordered(listed: Sequence[str], wanted: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*(a for a in wanted if a in listed), *listed]))
