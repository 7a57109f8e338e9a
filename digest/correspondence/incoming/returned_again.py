"""Messages that were kept because nobody understood them: read once more, or removed."""

from digest.clock import Clock
from digest.correspondence.incoming.letter import read_letter
from digest.correspondence.incoming.receiving import Reception
from digest.db import Database
from digest.delivery.feedback.keeping import drop_kept, find_kept, open_kept


def read_again(db: Database, reception: Reception, clock: Clock, number: int) -> bool:
    """Read a kept message once more; where it is understood by now it is taken in and goes, and
    True is returned. NotFound when it is gone.
    """
    with db.read() as session:
        raw = open_kept(reception.correspondent.sealer, find_kept(session, number))
    now = clock.now()
    read = reception.read_returned(read_letter(raw), raw, now)
    if not read.how:
        return False
    with db.write() as session:
        drop_kept(session, number)
        reception.take(session, read, now)
    return True


def drop_message(db: Database, number: int) -> None:
    """Remove a kept message; NotFound when it is gone."""
    with db.write() as session:
        drop_kept(session, number)
