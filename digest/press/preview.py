"""An issue as nobody's copy: for previews, proofs and the browser. It carries no reader's token,
name or address.
"""

from digest.blocks import GREETING, THANKS
from digest.rendering.personalise import ReaderValues

OWN_COPY = "own-copy"  # the page that says whose links these would be


def view_url(public_url: str, issue_public_id: str) -> str:
    """Return where an issue is read in the browser."""
    return f"{public_url}/i/{issue_public_id}"


NOBODYS_BLOCKS = frozenset({GREETING, THANKS})  # left out of a copy that is nobody's


def neutral_values(public_url: str, issue_public_id: str) -> ReaderValues:
    """Return slot values that name nobody; links that need a token lead to a page that says so."""
    return ReaderValues(
        slots={
            "unsubscribe_url": f"{public_url}/{OWN_COPY}",
            "remind_later_url": f"{public_url}/{OWN_COPY}",
            "view_url": view_url(public_url, issue_public_id),
            "address": "…",
        },
        hidden_blocks=NOBODYS_BLOCKS,
    )


def values_without(public_url: str, issue_public_id: str, hidden: frozenset[str]) -> ReaderValues:
    """Return slot values that name nobody, for a reader who does not get these blocks."""
    neutral = neutral_values(public_url, issue_public_id)
    return neutral._replace(hidden_blocks=hidden | {GREETING})


def values_of_reader(
    public_url: str, issue_public_id: str, hidden: frozenset[str], *, address: str, name: str
) -> ReaderValues:
    """Return one reader's own values, but for the links that would work for whoever has them."""
    values = values_without(public_url, issue_public_id, hidden)
    slots = {**values.slots, "address": address}
    if not (first := name.split()[:1]):
        return values._replace(slots=slots)
    return ReaderValues({**slots, "first_name": first[0]}, hidden)
