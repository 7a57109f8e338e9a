"""Confirming: the reader's own yes, the welcome that follows it, and the latest issue once; and
coming back after leaving by mistake, which needs no welcome.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from digest.config import NewsletterConfig
from digest.correspondence.correspondent import Correspondent
from digest.correspondence.notices import Desk, write_welcome
from digest.delivery.ledger.joining import Joiner, await_freeze, send_latest
from digest.errors import NotFound
from digest.models import Newsletter, Subscriber, Subscription, SubscriptionState
from digest.subscribers.addresses import parse_address
from digest.subscribers.leaving import come_back
from digest.subscribers.lifecycle import confirm, find_subscription, take_subscription
from digest.subscribers.suppression import find_reason


def confirm_reader(
    session: Session, correspondent: Correspondent, public_id: str, *, now: datetime, origin: str
) -> Subscription:
    """Confirm a subscription in the caller's transaction; the first time, write the welcome and
    put the latest issue on its way. A second time changes nothing.

    Refused when the reader has left since; NotFound when the subscription or its newsletter is
    gone.
    """
    known = find_subscription(session, public_id)
    if known is None:
        raise NotFound("no such subscription")
    configured = find_configured(session, correspondent, known.newsletter_id)
    await_freeze(session, known.newsletter_id)
    before = take_subscription(session, public_id).state
    subscription = confirm(session, public_id, now=now, origin=origin)
    if before is SubscriptionState.PENDING:
        session.flush()
        _welcome(Desk(session, correspondent, configured, now), subscription)
    return subscription


def bring_back(
    session: Session,
    correspondent: Correspondent,
    public_id: str,
    *,
    left_by: datetime,
    now: datetime,
    origin: str,
) -> None:
    """Undo a leaving that happened by `left_by`, and send the latest issue where it was frozen
    meanwhile; nothing changes for somebody who is back already. Refused as `come_back` says.
    """
    known = find_subscription(session, public_id)
    if known is None:
        raise NotFound("no such subscription")
    await_freeze(session, known.newsletter_id)
    sealer = correspondent.sealer
    if come_back(session, sealer, public_id, left_by=left_by, now=now, origin=origin):
        session.flush()
        _send_latest(session, correspondent, take_subscription(session, public_id), now)


def find_configured(
    session: Session, correspondent: Correspondent, newsletter_id: int
) -> NewsletterConfig:
    """Return the configuration of a newsletter; NotFound when it is configured no more."""
    slug = session.get_one(Newsletter, newsletter_id).slug
    for configured in correspondent.config.newsletters:
        if configured.slug == slug:
            return configured
    raise NotFound("this newsletter is not configured any more")


def _welcome(desk: Desk, subscription: Subscription) -> None:
    sealer = desk.correspondent.sealer
    subscriber = desk.session.get_one(Subscriber, subscription.subscriber_id)
    address = sealer.open(subscriber.address_sealed)
    if find_reason(desk.session, sealer, address) is not None:
        return  # somebody who complained is written to no more, whatever was pressed
    write_welcome(desk, subscriber, subscription)
    _send_latest(desk.session, desk.correspondent, subscription, desk.now)


def _send_latest(
    session: Session, correspondent: Correspondent, subscription: Subscription, now: datetime
) -> None:
    subscriber = session.get_one(Subscriber, subscription.subscriber_id)
    sealer = correspondent.sealer
    key = parse_address(sealer.open(subscriber.address_sealed)).key
    indexes = {subscriber.address_index, *sealer.indexes(key)}
    send_latest(session, Joiner(subscription, sorted(indexes)), now=now)
