"""Addresses that must not be mailed, whatever the subscription; kept as keyed hashes that survive
erasure.

Never holds an address. Look-ups try retired index keys too, because a hash cannot be made again
without the address; `carry_over` moves a row to the current key whenever the address is at hand.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from digest.errors import NotFound
from digest.inserts import insert_new
from digest.logs import redact
from digest.models import Subscriber, Suppression, SuppressionReason
from digest.sealed import Sealer
from digest.subscribers.addresses import parse_address

# What a reader's own new confirmation undoes: it proves that the mailbox works and that they want
# it.
UNDONE_BY_CONFIRMING = frozenset({SuppressionReason.ERASED, SuppressionReason.BOUNCED})

_WEIGHT = {
    SuppressionReason.ERASED: 0,
    SuppressionReason.BOUNCED: 1,
    SuppressionReason.COMPLAINED: 2,
    SuppressionReason.MANUAL: 3,
}


def suppress(
    session: Session,
    sealer: Sealer,
    address: str,
    reason: SuppressionReason,
    *,
    now: datetime,
    detail: str = "",
) -> None:
    """Suppress an address; a weightier reason replaces a lighter one, never the reverse."""
    key = parse_address(address).key
    carry_over(session, sealer, key)
    suppress_index(session, sealer.index(key), reason, now=now, detail=detail)


def suppress_subscriber(
    session: Session,
    subscriber_id: int,
    reason: SuppressionReason,
    *,
    now: datetime,
    detail: str = "",
) -> None:
    """Suppress the address of a subscriber without unsealing it; NotFound when there is none."""
    index = session.scalar(select(Subscriber.address_index).where(Subscriber.id == subscriber_id))
    if index is None:
        raise NotFound("no such subscriber")
    suppress_index(session, index, reason, now=now, detail=detail)


def suppress_index(
    session: Session, index: bytes, reason: SuppressionReason, *, now: datetime, detail: str = ""
) -> None:
    """Suppress by the index of an address (32 bytes); `detail` is redacted and cut to 500
    characters.
    """
    values = {"reason": reason, "at": now, "detail": redact(detail)[:500]}
    session.execute(insert_new(session, Suppression), {"address_index": index, **values})
    lighter = [each for each in SuppressionReason if _WEIGHT[each] < _WEIGHT[reason]]
    session.execute(
        update(Suppression)
        .where(Suppression.address_index == index, Suppression.reason.in_(lighter))
        .values(values)
    )


def is_suppressed(session: Session, sealer: Sealer, address: str) -> bool:
    """Tell whether an address is suppressed, under the current index key or a retired one."""
    return find_reason(session, sealer, address) is not None


def find_reason(session: Session, sealer: Sealer, address: str) -> SuppressionReason | None:
    """Return the weightiest reason why an address is suppressed, or None."""
    indexes = sealer.indexes(parse_address(address).key)
    reasons = session.scalars(
        select(Suppression.reason).where(Suppression.address_index.in_(indexes))
    )
    return max(reasons, key=lambda reason: _WEIGHT[reason], default=None)


def lift(session: Session, sealer: Sealer, address: str) -> bool:
    """Lift the suppression of an address, retired keys included; tell whether there was one."""
    indexes = sealer.indexes(parse_address(address).key)
    return lift_indexes(session, indexes, frozenset(SuppressionReason))


def lift_indexes(
    session: Session, indexes: Collection[bytes], reasons: Collection[SuppressionReason]
) -> bool:
    """Lift the suppressions of these indexes that have one of these reasons; tell whether there was
    one.
    """
    lifted = session.scalars(
        delete(Suppression)
        .where(Suppression.address_index.in_(indexes), Suppression.reason.in_(reasons))
        .returning(Suppression.id)
    )
    return bool(lifted.all())


def carry_over(session: Session, sealer: Sealer, key: str) -> None:
    """Write the suppression of a normalised address under the current index key if only a retired
    one has it.
    """
    current, *retired = sealer.indexes(key)
    if not retired:
        return
    old = session.scalars(select(Suppression).where(Suppression.address_index.in_(retired))).all()
    for row in old:
        suppress_index(session, current, row.reason, now=row.at, detail=row.detail)
        session.delete(row)
    session.flush()
