"""Messages that were kept because nobody understood them: read once more, or removed."""

from datetime import datetime

from digest.clock import Clock
from digest.correspondence.incoming.letter import read_letter
from digest.correspondence.incoming.receiving import Reception
from digest.db import Database
from digest.delivery.feedback.keeping import drop_kept, find_kept, open_kept
from digest.delivery.feedback.told_again import PARSERS, read_payload, take_again


def read_again(db: Database, reception: Reception, clock: Clock, number: int) -> bool:
    """Read a kept message once more; where it is understood by now it is taken in and goes, and
    True is returned. NotFound when it is gone.
    """
    with db.read() as session:
        kept = find_kept(session, number)
        place, raw = kept.place, open_kept(reception.correspondent.sealer, kept)
    now = clock.now()
    if place in PARSERS:
        return _hear_again(db, reception, place, raw, number, now)
    read = reception.read_returned(read_letter(raw), raw, now)
    if not read.how:
        return False
    with db.write() as session:
        drop_kept(session, number)
        reception.take(session, read, now)
    return True


def _hear_again(
    db: Database, reception: Reception, provider: str, raw: bytes, number: int, now: datetime
) -> bool:
    """Read once more what a provider told."""
    told = read_payload(provider, raw)
    if told is None:
        return False
    with db.write() as session:
        drop_kept(session, number)
        config = reception.correspondent.config
        take_again(session, reception.rules, config, provider, told, now)
    return True


def drop_message(db: Database, number: int) -> None:
    """Remove a kept message; NotFound when it is gone."""
    with db.write() as session:
        drop_kept(session, number)
