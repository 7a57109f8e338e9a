"""Answers what was asked for on a public page or by mail: with one notice, or with silence.

Who is told what stands here alone: pages say the same to everybody. Each request is answered in a
transaction of its own, in which it goes: nothing is answered twice, and no notice is lost.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.correspondence.confirming import find_configured
from digest.correspondence.correspondent import Correspondent
from digest.correspondence.limits import DAY, letter_limits
from digest.correspondence.notices import (
    Desk,
    write_already,
    write_confirmation,
    write_settings_link,
)
from digest.db import Database
from digest.errors import DatabaseUnfit, DigestError
from digest.models import (
    ReaderRequest,
    RequestKind,
    Subscriber,
    SubscriptionState,
    SuppressionReason,
)
from digest.subscribers.addresses import parse_address
from digest.subscribers.consent import find_wording, was_ever_a_reader
from digest.subscribers.door.limits import Limit, allow
from digest.subscribers.door.requests import list_requests, take_request
from digest.subscribers.lifecycle import find_by_address, join
from digest.subscribers.standing import list_subscriptions
from digest.subscribers.suppression import find_reason

log = logging.getLogger(__name__)

AT_ONCE = 50
PAUSE_SECONDS = 0.1  # between two: the store is left to the sender and to further forms
# What no confirmation undoes: to ask for one would be one more unwanted notice.
FOR_GOOD = frozenset({SuppressionReason.COMPLAINED, SuppressionReason.MANUAL})


def answer_requests(
    db: Database,
    correspondent: Correspondent,
    clock: Clock,
    *,
    pause: float = PAUSE_SECONDS,
    since: datetime | None = None,
) -> int:
    """Answer the requests that wait longest, some dozens, with a pause of so many seconds between
    two; return how many were done with. `since`: those asked before are left alone.

    One that cannot be answered is dropped, and the log says so without naming anybody. Raises
    DatabaseUnfit, and what the database raises.
    """
    with db.read() as session:
        waiting = list_requests(session, AT_ONCE, since)
    done = 0
    for place, request in enumerate(waiting):
        if place:
            time.sleep(pause)
        done += _answer_one(db, correspondent, request, clock.now())
    return done


def _answer_one(
    db: Database, correspondent: Correspondent, request: ReaderRequest, now: datetime
) -> bool:
    try:
        with db.write() as session:
            if not take_request(session, request.id):
                return False  # another process was faster
            _answer(session, correspondent, request, now)
    except DatabaseUnfit:
        raise
    except DigestError as error:
        # Its kind only: what it says may be about the reader.
        fields = {"request": request.id, "kind": request.kind, "error": type(error).__name__}
        log.warning("a request is dropped", extra={"fields": fields})
        with db.write() as session:
            take_request(session, request.id)
    return True


def _answer(
    session: Session, correspondent: Correspondent, request: ReaderRequest, now: datetime
) -> None:
    configured = find_configured(session, correspondent, request.newsletter_id)
    desk = Desk(session, correspondent, configured, now)
    address = correspondent.sealer.open(request.address_sealed)
    if request.kind is RequestKind.JOIN:
        _join(desk, request, address)
    else:
        _send_settings_link(desk, request, address)


def _join(desk: Desk, request: ReaderRequest, address: str) -> None:
    sealer = desk.correspondent.sealer
    if find_reason(desk.session, sealer, address) in FOR_GOOD:
        return
    limits = desk.correspondent.config.limits
    if not _may_write(desk, letter_limits(limits, _key(desk, address))):
        return
    name = request.name_sealed
    subscription = join(
        desk.session,
        sealer,
        newsletter_id=request.newsletter_id,
        address=address,
        name=sealer.open(name) if name else None,
        language=request.language,
        timezone=request.timezone,
        now=request.asked_at,
        origin=request.origin,
        wording=_kept(desk.session, request.text_digest),
        policy=_kept(desk.session, request.policy_digest),
        policy_version=request.policy_version,
        evidence={"network": request.network} if request.network else None,
    )
    subscriber = desk.session.get_one(Subscriber, subscription.subscriber_id)
    if subscription.state is SubscriptionState.PENDING:
        desk.session.flush()
        write_confirmation(desk, subscriber, subscription)
    else:
        write_already(desk, subscriber, subscription, request.asked_at)


def _kept(session: Session, digest: str | None) -> str | None:
    return find_wording(session, digest) if digest else None


def _send_settings_link(desk: Desk, request: ReaderRequest, address: str) -> None:
    """Answer those alone who have confirmed once: nobody else has anything to see or to change.

    Who left stays one of them, though anybody may have asked anew in their name.
    """
    session, sealer = desk.session, desk.correspondent.sealer
    subscriber = find_by_address(session, sealer, address)
    if subscriber is None or find_reason(session, sealer, address) is not None:
        return
    theirs = [each for _, each in list_subscriptions(session, subscriber.id)]
    if not was_ever_a_reader(session, subscriber.id):
        return
    most = desk.correspondent.config.limits.links_per_day
    if not _may_write(desk, [(Limit("link", most, DAY), _key(desk, address))]):
        return
    asked = (each for each in theirs if each.newsletter_id == request.newsletter_id)
    write_settings_link(desk, subscriber, next(asked, None), request.asked_at)


def _key(desk: Desk, address: str) -> bytes:
    return desk.correspondent.sealer.index(parse_address(address).mailbox)


def _may_write(desk: Desk, wanted: Sequence[tuple[Limit, bytes]]) -> bool:
    """Count one notice, whatever newsletter it is about; False: too many already."""
    return allow(desk.session, wanted, desk.now) is None
