"""Erasure: everything that names a reader, or leads to one, goes in one transaction.

What stays is counts: ledger rows with a number that is never given again, a tombstone in issues of
which a copy may have gone (for two weeks), and, unless the reader declined even that, a keyed hash
of the address, so that no import brings them back.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from digest.delivery.ledger.tombstones import bury
from digest.models import AddressChange
from digest.outbox import withdraw
from digest.sealed import Sealer
from digest.subscribers import lifecycle
from digest.subscribers.addresses import parse_address
from digest.subscribers.door.limits import forget_keys
from digest.subscribers.door.requests import withdraw_requests
from digest.subscribers.person import take_reader


def erase_reader(
    session: Session,
    sealer: Sealer,
    subscriber_id: int,
    *,
    now: datetime,
    keep_suppression: bool = True,
) -> None:
    """Remove a reader and whatever waits for them; NotFound when there is none.

    A notice that says so may be enqueued afterwards, in the same transaction. With
    `keep_suppression` false nothing is left to know the address by once the tombstones are gone.
    """
    subscriber = take_reader(session, subscriber_id)
    address = sealer.open(subscriber.address_sealed)
    parsed = parse_address(address)
    key = parsed.key
    indexes = {subscriber.address_index, *sealer.indexes(key)}
    bury(session, subscriber_id, sealer.index(key), now)
    _forget_address(session, sealer, key, indexes)
    forget_keys(session, [*indexes, *sealer.indexes(parsed.mailbox)])
    lifecycle.erase(session, sealer, subscriber_id, now, keep_suppression)


def _forget_address(session: Session, sealer: Sealer, key: str, indexes: Collection[bytes]) -> None:
    """Remove what is known by the address alone: notices, requests, changes to it."""
    withdraw(session, indexes)
    withdraw_requests(session, sealer, key)
    session.execute(delete(AddressChange).where(AddressChange.address_index.in_(indexes)))
