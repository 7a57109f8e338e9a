"""What holds for a reader whatever they subscribe to: name, language, time zone.

Language and time zone are kept with each subscription, because the mails are made from it. Never
commits, never sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.errors import NotFound
from digest.models import Subscriber, Subscription
from digest.sealed import Sealer
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.lifecycle import note
from digest.subscribers.particulars import check_language, check_timezone, clean_name
from digest.subscribers.transfer.shown import shown


@dataclass(frozen=True, slots=True)
class Person:
    """Who reads, in plain words: `language` a BCP 47 tag and `timezone` an IANA name, None where
    the newsletter's own hold.
    """

    public_id: str
    address: str
    name: str | None
    language: str | None
    timezone: str | None


def find_subscriber(session: Session, public_id: str) -> Subscriber:
    """Return the subscriber of a public id; NotFound when there is none."""
    found = session.scalar(select(Subscriber).where(Subscriber.public_id == public_id))
    if found is None:
        raise NotFound("no such subscriber")
    return found


def take_subscriber(session: Session, public_id: str) -> Subscriber:
    """Return the subscriber of a public id, locked as `take_reader` does; NotFound when there is
    none, or none of this id any more.
    """
    found = take_reader(session, find_subscriber(session, public_id).id)
    if found.public_id != public_id:
        raise NotFound("no such subscriber")  # moved to another address meanwhile
    return found


def take_reader(session: Session, subscriber_id: int) -> Subscriber:
    """Return a subscriber, locked with all their subscriptions where the database can; NotFound
    when there is none any more.

    In the order in which leaving and confirming take them, or two at once would wait for each
    other.
    """
    theirs = select(Subscription.id).where(Subscription.subscriber_id == subscriber_id)
    session.execute(theirs.order_by(Subscription.id).with_for_update())
    found = session.get(Subscriber, subscriber_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("no such subscriber")
    return found


def list_own(session: Session, subscriber_id: int) -> Sequence[Subscription]:
    """Return a subscriber's subscriptions, the oldest first, without half-imported ones."""
    own = select(Subscription).where(Subscription.subscriber_id == subscriber_id, shown())
    return session.scalars(own.order_by(Subscription.id)).all()


def describe(session: Session, sealer: Sealer, subscriber: Subscriber) -> Person:
    """Return who a subscriber is."""
    own = list_own(session, subscriber.id)
    return Person(
        public_id=subscriber.public_id,
        address=sealer.open(subscriber.address_sealed),
        name=sealer.open(subscriber.name_sealed) if subscriber.name_sealed else None,
        language=next((each.language for each in own if each.language), None),
        timezone=next((each.timezone for each in own if each.timezone), None),
    )


def change_person(
    session: Session,
    sealer: Sealer,
    subscriber: Subscriber,
    *,
    name: str | None,
    language: str | None,
    timezone: str | None,
    now: datetime,
    origin: str,
) -> None:
    """Set what holds for every subscription of a reader; BadInput for what is no language or time
    zone, and then nothing is changed.
    """
    tongue, zone, cleaned = check_language(language), check_timezone(timezone), clean_name(name)
    subscriber.name_sealed = sealer.seal(cleaned) if cleaned else None
    for subscription in list_own(session, subscriber.id):
        if (subscription.language, subscription.timezone) != (tongue, zone):
            subscription.language = tongue
            subscription.timezone = zone
            subscription.changed_at = now
            note(session, subscription, ConsentKind.CHANGED, Circumstances(now, origin))
    session.flush()
