"""Signed words that an editor's browser or mailbox holds for a while, each good for one purpose.

A ticket carries a hash of what its editor is by now (password, role, second factor, let in or not),
so that any change of these makes it worthless.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from digest.errors import BadInput
from digest.models import Editor
from digest.tokens import Passing, Purpose, TokenSigner

MARK_DIGITS = 20  # of a SHA-256: 80 bits


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket that is good: whose it is, and what else it says; `passing` knows a second use."""

    editor: Editor
    said: str
    passing: Passing


def sign_ticket(
    signer: TokenSigner, purpose: Purpose, editor: Editor, until: datetime, said: str = ""
) -> str:
    """Return a ticket of an editor as they are now; it may say something more."""
    return signer.sign_until(purpose, f"{editor.id}.{_mark_of(editor)}.{said}", until)


def sign_nobodys(signer: TokenSigner, purpose: Purpose, until: datetime) -> str:
    """Return what looks like a ticket and is nobody's."""
    return signer.sign_until(purpose, f"0.{'0' * MARK_DIGITS}.", until)


def find_ticket(
    session: Session, signer: TokenSigner, purpose: Purpose, token: str, now: datetime
) -> Ticket | None:
    """Return the ticket in a token, None when it is not good (any more). Its editor stays as they
    are until the transaction ends.
    """
    try:
        passing = signer.read_until(purpose, token, now)
    except BadInput:
        return None
    number, mark, said = passing.public_id.split(".", 2)
    editor = session.get(Editor, int(number), with_for_update=True)
    if editor is None or not editor.active or mark != _mark_of(editor):
        return None
    return Ticket(editor, said, passing)


def _mark_of(editor: Editor) -> str:
    # Of the second factor as it is sealed: under a new key it is another, and a ticket no loss.
    parts = (
        str(editor.id).encode(),
        editor.password_hash.encode(),
        editor.role.value.encode(),
        str(editor.active).encode(),
        editor.totp_sealed or b"",
    )
    digests = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(digests).hexdigest()[:MARK_DIGITS]
