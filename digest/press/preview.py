"""An issue as nobody's copy: for previews, proofs and the browser. It carries no reader's token,
name or address.
"""

from digest.blocks import GREETING, THANKS
from digest.rendering.personalise import ReaderValues


def view_url(public_url: str, issue_public_id: str) -> str:
    """Return where an issue is read in the browser."""
    return f"{public_url}/i/{issue_public_id}"


NOBODYS_BLOCKS = frozenset({GREETING, THANKS})  # left out of a copy that is nobody's


def neutral_values(public_url: str, issue_public_id: str) -> ReaderValues:
    """Return slot values that name nobody; links that need a token lead to a page that says so."""
    return ReaderValues(
        slots={
            "unsubscribe_url": f"{public_url}/own-copy",
            "remind_later_url": f"{public_url}/own-copy",
            "view_url": view_url(public_url, issue_public_id),
            "address": "…",
        },
        hidden_blocks=NOBODYS_BLOCKS,
    )
