"""Proofs: test copies for named people, marked as such.

They never enter the ledger and carry no working token, so a forwarded proof unsubscribes nobody.
"""

import secrets
from dataclasses import replace
from datetime import datetime

from digest.config import NewsletterConfig
from digest.press.preview import neutral_values
from digest.rendering.mime import CopyPress, Letterhead
from digest.rendering.stored import Rendering

MARK = "[Proof]"


def mark_by(name: str) -> str:
    """Return the mark of a proof that somebody sends to others; `name` is as they gave it."""
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    return f"[Proof from {' '.join(shown.split())}]"


def build_proof(
    rendering: Rendering,
    configured: NewsletterConfig,
    *,
    to: str,
    public_url: str,
    issue_public_id: str,
    now: datetime,
    mark: str = MARK,
) -> bytes:
    """Return one test copy as message bytes; BadInput when the address cannot be written.

    `mark` leads the subject; without one the copy is what readers get, and stays in the house.
    """
    values = neutral_values(public_url, issue_public_id)
    press = CopyPress(
        replace(rendering, subject=f"{mark} {rendering.subject}".lstrip(" ")),
        Letterhead(
            from_name=configured.sender.name,
            from_address=configured.sender.address,
            list_name="" if configured.guarded else configured.name,
            list_id=f"{configured.slug}.{configured.host}",
            feedback_id=f"0:{configured.slug}:proof:proofs",
            reply_to=configured.reply_to or "",
        ),
    )
    return press.build(
        values,
        to=to,
        message_id=f"<proof.{secrets.token_hex(12)}@{configured.host}>",
        date=now,
        unsubscribe_url=values.slots["unsubscribe_url"],
    )
