"""Which copy, and which reader, something is about that comes back. Only reads.

What comes by mail can be written by anybody, so it counts only with a proof: the signed return
path, or the copy's own Message-ID, which nobody can make and only its reader's mailbox has seen. A
provider whose request was verified is believed without: by our reference, by its own name for the
copy, or, as a last resort, by the address, and then it is that reader's newest issue.
"""

import hmac
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from digest.delivery.feedback.events import Feedback
from digest.delivery.message_ids import make_message_id
from digest.delivery.return_paths import Sent, read_token
from digest.errors import BadInput
from digest.keys import KeyRing
from digest.models import Delivery, DeliveryState, Issue, Newsletter, Notice, Subscriber
from digest.sealed import Sealer
from digest.subscribers.lifecycle import find_by_address, find_subscription
from digest.tokens import Purpose, TokenSigner

LINK = "link"  # how we know: by no more than a link to leave
NEWEST = 40  # issues that are looked through for a reader's copies

WENT_OUT = (DeliveryState.ACCEPTED, DeliveryState.DOTTED, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Keys:
    """What proves and unseals: the same for every event."""

    ring: KeyRing
    sealer: Sealer
    signer: TokenSigner
    hosts: Mapping[str, str]  # of Message-IDs, by newsletter


@dataclass(frozen=True, slots=True)
class Found:
    """Whose it is: a copy with its issue, or a notice, or a reader alone. `by` says how we know."""

    by: str
    subscriber_id: int | None = None
    delivery_id: int | None = None
    issue_id: int | None = None
    newsletter_id: int | None = None
    began_at: datetime | None = None
    dotted_at: datetime | None = None
    address_index: bytes | None = None


def find_copy(session: Session, keys: Keys, event: Feedback, *, trusted: bool) -> Found | None:
    """Return whose an event is, or None when nobody can say so, or prove it."""
    if event.token:
        with suppress(BadInput):
            sent, number = read_token(keys.signer, event.token)
            by_number = _notice if sent is Sent.NOTICE else _copy
            return by_number(session, number, "token")
    found = _by_reference(session, keys, event, trusted=trusted)
    if found is not None:
        return found
    if event.leave_token:
        with suppress(BadInput):
            public_id = keys.signer.read(Purpose.UNSUBSCRIBE, event.leave_token)
            return _by_link(session, keys, public_id, event)
    return _by_reader(session, keys, event, trusted=trusted)


def _by_reference(session: Session, keys: Keys, event: Feedback, *, trusted: bool) -> Found | None:
    """Return the copy that our own reference names. By mail that is a number anybody can guess, and
    the copy's Message-ID has to be there as well.
    """
    row = None if event.delivery_id is None else _row(session, event.delivery_id)
    if row is None:
        return None
    if trusted:
        return _found("reference", row[0], row[1])
    is_proved = _is_message_id(keys, row, event.own_message_id)
    return _found("message-id", row[0], row[1]) if is_proved else None


def _copy(session: Session, delivery_id: int, by: str) -> Found | None:
    row = _row(session, delivery_id)
    return None if row is None else _found(by, row[0], row[1])


def _row(session: Session, delivery_id: int) -> Row[Delivery, Issue, str] | None:
    return session.execute(
        select(Delivery, Issue, Newsletter.slug)
        .join(Issue, Issue.id == Delivery.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Delivery.id == delivery_id)
    ).first()


def _found(by: str, row: Delivery, issue: Issue) -> Found:
    return Found(
        by=by,
        subscriber_id=row.subscriber_id,
        delivery_id=row.id,
        issue_id=issue.id,
        newsletter_id=issue.newsletter_id,
        began_at=issue.sending_at,
        dotted_at=row.dotted_at,
    )


def _notice(session: Session, notice_id: int, by: str) -> Found | None:
    notice = session.get(Notice, notice_id)
    if notice is None or notice.address_index is None:
        return None
    reader = session.scalar(
        select(Subscriber.id).where(Subscriber.address_index == notice.address_index)
    )
    return Found(by, subscriber_id=reader, address_index=notice.address_index)


def _by_link(session: Session, keys: Keys, public_id: str, event: Feedback) -> Found | None:
    """Return whose link to leave came back with the copy. It proves less than a Message-ID: whoever
    a reader forwards an issue to has it, so it does no more than the link itself.
    """
    subscription = find_subscription(session, public_id)
    if subscription is None:
        return None
    rows = _newest_copies(session, subscription.subscriber_id)
    proved = _proved(rows, keys, event)
    if proved is not None:
        return proved
    theirs = subscription.newsletter_id
    return Found(LINK, subscription.subscriber_id, newsletter_id=theirs)


def _by_reader(session: Session, keys: Keys, event: Feedback, *, trusted: bool) -> Found | None:
    """Look through the newest copies of the reader whom the event names."""
    reader = _reader(session, keys.sealer, event.recipient)
    if reader is None:
        return None
    rows = _newest_copies(session, reader.id)
    proved = _proved(rows, keys, event)
    if proved is not None:
        return proved
    return _believed(rows, reader, event) if trusted else None


def _proved(rows: Sequence[Row[Delivery, Issue, str]], keys: Keys, event: Feedback) -> Found | None:
    found = [row for row in rows if _is_message_id(keys, row, event.own_message_id)]
    return _found("message-id", found[0][0], found[0][1]) if found else None


def _believed(
    rows: Sequence[Row[Delivery, Issue, str]], reader: Subscriber, event: Feedback
) -> Found:
    """Return the copy that the next hop's name leads to, else the newest that had left by then."""
    for delivery, issue, _ in rows:
        if event.message_id and delivery.queue_id == event.message_id:
            return _found("queue-id", delivery, issue)
    for delivery, issue, _ in rows:
        if delivery.state in WENT_OUT and (delivery.dotted_at or event.at) <= event.at:
            return _found("recipient", delivery, issue)
    return Found("recipient", subscriber_id=reader.id)


def _reader(session: Session, sealer: Sealer, recipient: str) -> Subscriber | None:
    try:
        return find_by_address(session, sealer, recipient) if recipient else None
    except BadInput:
        return None


def _newest_copies(session: Session, subscriber_id: int) -> Sequence[Row[Delivery, Issue, str]]:
    newest = (
        select(Issue.id)
        .where(Issue.sending_at.is_not(None))
        .order_by(Issue.sending_at.desc(), Issue.id.desc())
        .limit(NEWEST)
    )
    return session.execute(
        select(Delivery, Issue, Newsletter.slug)
        .join(Issue, Issue.id == Delivery.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(
            Delivery.issue_id.in_(session.scalars(newest).all()),
            Delivery.subscriber_id == subscriber_id,
        )
        .order_by(Issue.sending_at.desc(), Issue.id.desc())
    ).all()


def _is_message_id(keys: Keys, row: Row[Delivery, Issue, str], said: str) -> bool:
    """Tell whether a Message-ID is that of a copy: derived anew, for none is stored."""
    if not said:
        return False
    delivery, issue, slug = row
    host = keys.hosts.get(slug)
    key = next((each for each in keys.ring.message if each.id == issue.message_key_id), None)
    if host is None or key is None:
        return False
    own = make_message_id(key, f"copy {delivery.id}", host)
    return hmac.compare_digest(own.encode(), said.strip().lower().encode())
