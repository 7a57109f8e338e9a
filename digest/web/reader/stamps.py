"""The stamp of a form that we have shown: signed, good for a day, and not within its first
seconds.
"""

from datetime import datetime, timedelta

from digest.errors import BadInput
from digest.tokens import Passing, Purpose, TokenSigner

VALID = timedelta(hours=24)
PATIENCE = timedelta(seconds=2)  # no person types an address in less


def make_stamp(signer: TokenSigner, what: str, now: datetime) -> str:
    """Return the stamp of a form about `what`, shown now."""
    shown = now.replace(microsecond=0)  # stamps count whole seconds
    if shown < now:
        shown += timedelta(seconds=1)
    return signer.sign_until(Purpose.FORM, what, shown + VALID)


def read_stamp(signer: TokenSigner, what: str, stamp: str, now: datetime) -> Passing | None:
    """Return a stamp that counts; None for one that is missing, forged, too old, too young, or
    about something else.
    """
    try:
        passing = signer.read_until(Purpose.FORM, stamp, now)
    except BadInput:
        return None
    shown = passing.until - VALID
    return passing if passing.public_id == what and now >= shown + PATIENCE else None
