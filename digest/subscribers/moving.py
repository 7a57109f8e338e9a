"""A reader's new address: kept until both mailboxes have agreed, then put in place of the old one.

Owns address_changes; changes the address of a subscriber. Whether somebody else has the new address
is told to nobody: such a change is kept like any other, and never comes about. Never commits, never
sends.
"""

import enum
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from digest.errors import BadInput, NotFound
from digest.models import AddressChange, Subscriber, Subscription
from digest.sealed import Sealer
from digest.subscribers import suppression
from digest.subscribers.addresses import ParsedAddress, parse_address
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.lifecycle import RandomId, find_by_address, new_public_id, note
from digest.subscribers.person import take_reader

KEPT = timedelta(days=7)  # as long as the mailed links hold


class Side(enum.StrEnum):
    """Which mailbox agrees."""

    OLD = "old"
    NEW = "new"


class Agreed(enum.StrEnum):
    """What came of it when a mailbox agreed."""

    WAITING = "waiting"  # for the other one
    MOVED = "moved"
    TAKEN = "taken"  # nothing can come of it any more; to be told to the new mailbox alone


def ask_to_move(
    session: Session,
    sealer: Sealer,
    subscriber: Subscriber,
    address: str,
    *,
    now: datetime,
    random_id: RandomId = new_public_id,
) -> AddressChange:
    """Keep a wish for another address in place of any earlier one; BadInput for what is no address,
    or the reader's own as it is; NotFound for a reader who has been erased meanwhile.
    """
    parsed = parse_address(address)
    if parsed.address == parse_address(sealer.open(subscriber.address_sealed)).address:
        raise BadInput("this is the address it is sent to already")
    take_reader(session, subscriber.id)  # the second of two wishes waits, and replaces the first
    forget_changes(session, now)
    session.execute(delete(AddressChange).where(AddressChange.subscriber_id == subscriber.id))
    change = AddressChange(
        public_id=random_id(),
        subscriber_id=subscriber.id,
        address_index=sealer.index(parsed.key),
        address_sealed=sealer.seal(parsed.address),
        asked_at=now,
    )
    session.add(change)
    session.flush()
    return change


def find_change(session: Session, public_id: str) -> AddressChange:
    """Return a change that waits; NotFound when it is done, replaced or too old."""
    found = session.scalar(select(AddressChange).where(AddressChange.public_id == public_id))
    if found is None:
        raise NotFound("no such change of address")
    return found


def find_change_of(session: Session, subscriber_id: int) -> AddressChange | None:
    """Return the change a reader waits for, or None."""
    return session.scalar(select(AddressChange).where(AddressChange.subscriber_id == subscriber_id))


def can_move(session: Session, sealer: Sealer, change: AddressChange) -> bool:
    """Tell whether the new address is free, or the reader's own in another spelling, and may be
    mailed.
    """
    address = sealer.open(change.address_sealed)
    owner = find_by_address(session, sealer, address)
    is_free = owner is None or owner.id == change.subscriber_id
    return is_free and not suppression.is_suppressed(session, sealer, address)


def agree(
    session: Session,
    sealer: Sealer,
    public_id: str,
    side: Side,
    *,
    now: datetime,
    origin: str,
    random_id: RandomId = new_public_id,
) -> Agreed:
    """Note that a mailbox agrees; once both have, put the new address in place in this transaction.

    The reader gets another public id then, so that no link to their settings, or to erase them,
    that lies in the old mailbox opens anything. NotFound when there is no such change, or not any
    more.
    """
    take_reader(session, find_change(session, public_id).subscriber_id)
    change = _take_change(session, public_id)
    if side is Side.OLD:
        change.old_agreed_at = change.old_agreed_at or now
    else:
        change.new_agreed_at = change.new_agreed_at or now
    session.flush()
    if change.old_agreed_at is None or change.new_agreed_at is None:
        return Agreed.WAITING
    if not can_move(session, sealer, change):
        return Agreed.TAKEN
    try:
        with session.begin_nested():
            _move(session, sealer, change, random_id(), Circumstances(now, origin))
    except IntegrityError:  # on PostgreSQL somebody has just subscribed with it, beside us
        return Agreed.TAKEN
    return Agreed.MOVED


def _take_change(session: Session, public_id: str) -> AddressChange:
    """Return a change, locked where the database can, so that the second to agree sees the
    first.
    """
    found = session.scalar(
        select(AddressChange)
        .where(AddressChange.public_id == public_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("no such change of address")
    return found


def _move(
    session: Session,
    sealer: Sealer,
    change: AddressChange,
    public_id: str,
    circumstances: Circumstances,
) -> None:
    parsed = parse_address(sealer.open(change.address_sealed))
    subscriber = session.get_one(Subscriber, change.subscriber_id)
    subscriber.public_id = public_id
    _put_in_place(session, sealer, subscriber, parsed)
    subscriptions = select(Subscription).where(Subscription.subscriber_id == subscriber.id)
    for subscription in session.scalars(subscriptions).all():
        note(session, subscription, ConsentKind.MOVED, circumstances)
    session.delete(change)
    session.flush()


def _put_in_place(
    session: Session, sealer: Sealer, subscriber: Subscriber, parsed: ParsedAddress
) -> None:
    subscriber.address_index = sealer.index(parsed.key)
    subscriber.address_sealed = sealer.seal(parsed.address)
    session.execute(
        update(Subscription)
        .where(Subscription.subscriber_id == subscriber.id)
        .values(domain_group=parsed.domain_group)
    )


def forget_changes(session: Session, now: datetime) -> None:
    """Forget the wishes whose links have run out."""
    session.execute(delete(AddressChange).where(AddressChange.asked_at <= now - KEPT))
