"""A subscription's life: asked for, confirmed, paused, resumed, left, erased; and the evidence of
each step.

The only writer of subscribers and subscriptions apart from `transfer`. Never commits, never sends.
What anybody may do who merely knows an address (`join`) changes nothing for a reader who is already
confirmed.
"""

import base64
import enum
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from digest.errors import NotFound, Refused
from digest.inserts import insert_new_returning
from digest.models import Subscriber, Subscription, SubscriptionState, SuppressionReason
from digest.sealed import Sealer
from digest.subscribers import consent, suppression
from digest.subscribers.addresses import ParsedAddress, parse_address
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.particulars import check_language, check_timezone, clean_name
from digest.subscribers.transfer.shown import is_shown, note_withdrawal, take_out

RandomId = Callable[[], str]

PENDING = SubscriptionState.PENDING
ACTIVE = SubscriptionState.ACTIVE
PAUSED = SubscriptionState.PAUSED
UNSUBSCRIBED = SubscriptionState.UNSUBSCRIBED


# Built once: mail providers wait for it by the thousand.
_TAKEN = (
    select(Subscription)
    .where(Subscription.public_id == bindparam("taken"))
    .with_for_update()
    .execution_options(populate_existing=True)
)


class Verb(enum.StrEnum):
    """What can be done to a subscription."""

    JOIN = "join"
    REJOIN = "rejoin"
    ADD = "add"
    CONFIRM = "confirm"
    PAUSE = "pause"
    RESUME = "resume"
    LEAVE = "leave"
    RETURN = "return"


_MOVES: dict[tuple[SubscriptionState | None, Verb], SubscriptionState] = {
    (None, Verb.JOIN): PENDING,
    (PENDING, Verb.JOIN): PENDING,
    (ACTIVE, Verb.JOIN): ACTIVE,
    (PAUSED, Verb.JOIN): PAUSED,
    (UNSUBSCRIBED, Verb.REJOIN): PENDING,
    (None, Verb.ADD): ACTIVE,
    (PENDING, Verb.ADD): ACTIVE,
    (ACTIVE, Verb.ADD): ACTIVE,
    (PAUSED, Verb.ADD): PAUSED,
    (PENDING, Verb.CONFIRM): ACTIVE,
    (ACTIVE, Verb.CONFIRM): ACTIVE,
    (PAUSED, Verb.CONFIRM): PAUSED,
    (ACTIVE, Verb.PAUSE): PAUSED,
    (PAUSED, Verb.PAUSE): PAUSED,
    (PAUSED, Verb.RESUME): ACTIVE,
    (ACTIVE, Verb.RESUME): ACTIVE,
    (UNSUBSCRIBED, Verb.RETURN): ACTIVE,
    **{(state, Verb.LEAVE): UNSUBSCRIBED for state in SubscriptionState},
}


def next_state(state: SubscriptionState | None, verb: Verb) -> SubscriptionState:
    """Return the state after `verb`; `state` None: there is no subscription yet. Refused when it
    cannot be.
    """
    after = _MOVES.get((state, verb))
    if after is None:
        raise Refused(f"cannot {verb}: the subscription is {state or 'not there'}")
    return after


def new_public_id() -> str:
    """Return 16 random characters of base32 (80 bits), the name of a row in links."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def join(
    session: Session,
    sealer: Sealer,
    *,
    newsletter_id: int,
    address: str,
    name: str | None,
    language: str | None,
    timezone: str | None,
    now: datetime,
    origin: str,
    wording: str | None,
    policy_version: str | None,
    policy: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    random_id: RandomId = new_public_id,
) -> Subscription:
    """Note that somebody asked for a newsletter; it stays pending until confirmed by a mailed link.

    `wording`, `policy_version`, `policy` and `evidence` are what consent keeps (Circumstances). An
    active or paused subscription comes back untouched, so asking reveals and changes nothing.
    BadInput for an address, language or time zone that cannot be one.
    """
    parsed = parse_address(address)
    zone, tongue = check_timezone(timezone), check_language(language)
    subscriber = _open_subscriber(session, sealer, parsed, name, now, random_id)
    subscription, before = _open_subscription(
        session, subscriber.id, newsletter_id, parsed.domain_group, now, random_id
    )
    after = next_state(before, Verb.REJOIN if before is UNSUBSCRIBED else Verb.JOIN)
    if after is not PENDING:
        return subscription
    if name and not consent.was_ever_a_reader(session, subscriber.id):
        subscriber.name_sealed = _sealed_name(sealer, name)  # of several askers, the last
    _begin(session, subscription, after, tongue, zone, now)
    note(
        session,
        subscription,
        ConsentKind.ASKED,
        Circumstances(now, origin, wording, policy_version, policy, evidence or {}),
    )
    return subscription


def add_active(
    session: Session,
    sealer: Sealer,
    *,
    newsletter_id: int,
    address: str,
    name: str | None,
    language: str | None,
    timezone: str | None,
    now: datetime,
    origin: str,
    random_id: RandomId = new_public_id,
) -> Subscription:
    """Add a reader by an operator's hand, active at once; an active or paused one comes back
    untouched.

    Refused for a suppressed address and for somebody who left: only they themselves can come back.
    """
    parsed = parse_address(address)
    if suppression.is_suppressed(session, sealer, parsed.address):
        raise Refused("this address is suppressed and must not be mailed")
    zone, tongue = check_timezone(timezone), check_language(language)
    subscriber = _open_subscriber(session, sealer, parsed, name, now, random_id)
    subscription, before = _open_subscription(
        session, subscriber.id, newsletter_id, parsed.domain_group, now, random_id
    )
    after = next_state(before, Verb.ADD)
    if after is before:
        return subscription
    _begin(session, subscription, after, tongue, zone, now)
    note(session, subscription, ConsentKind.ADDED, Circumstances(now, origin))
    return subscription


def _open_subscriber(
    session: Session,
    sealer: Sealer,
    parsed: ParsedAddress,
    name: str | None,
    now: datetime,
    random_id: RandomId,
) -> Subscriber:
    """Return the subscriber of an address, made if new; a name that is already known stays."""
    suppression.carry_over(session, sealer, parsed.key)
    known = _find_subscriber(session, sealer, parsed)
    if known is not None:
        return known
    values = {
        "public_id": random_id(),
        "address_index": sealer.index(parsed.key),
        "address_sealed": sealer.seal(parsed.address),
        "name_sealed": _sealed_name(sealer, name),
        "created_at": now,
    }
    made = session.scalar(insert_new_returning(session, Subscriber), values)
    if made is not None:
        return made
    return session.scalars(
        select(Subscriber).where(Subscriber.address_index == values["address_index"])
    ).one()


def _sealed_name(sealer: Sealer, name: str | None) -> bytes | None:
    cleaned = clean_name(name)
    return sealer.seal(cleaned) if cleaned else None


def _open_subscription(
    session: Session,
    subscriber_id: int,
    newsletter_id: int,
    group: str,
    now: datetime,
    random_id: RandomId,
) -> tuple[Subscription, SubscriptionState | None]:
    """Return the subscription, made if new, and the state it had before; None also for a
    half-imported one.
    """
    values = {
        "public_id": random_id(),
        "subscriber_id": subscriber_id,
        "newsletter_id": newsletter_id,
        "state": PENDING,
        "domain_group": group,
        "joined_at": now,
        "changed_at": now,
    }
    made = session.scalar(insert_new_returning(session, Subscription), values)
    if made is not None:
        return made, None
    found = session.scalars(
        select(Subscription)
        .where(
            Subscription.subscriber_id == subscriber_id, Subscription.newsletter_id == newsletter_id
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    is_theirs = found.state is not ACTIVE or is_shown(session, found)
    return found, found.state if is_theirs else None


def _begin(
    session: Session,
    subscription: Subscription,
    state: SubscriptionState,
    language: str | None,
    timezone: str | None,
    now: datetime,
) -> None:
    subscription.state = state
    take_out(session, subscription)  # no longer the import's to show or to take away
    subscription.language = language
    subscription.timezone = timezone
    subscription.paused_until = None
    subscription.joined_at = now
    subscription.changed_at = now


def confirm(
    session: Session,
    public_id: str,
    *,
    now: datetime,
    origin: str,
    wording: str | None = None,
    policy_version: str | None = None,
) -> Subscription:
    """Make a pending subscription active; a second press changes nothing. Refused when the reader
    has left.

    Lifts a suppression for bounces or erasure, which a confirmation by mail disproves; never one
    for a complaint.
    """
    subscription = take_subscription(session, public_id)
    if subscription.state is next_state(subscription.state, Verb.CONFIRM):
        return subscription
    move(
        session,
        subscription,
        Verb.CONFIRM,
        ConsentKind.CONFIRMED,
        Circumstances(now, origin, wording, policy_version),
    )
    index = session.scalars(
        select(Subscriber.address_index).where(Subscriber.id == subscription.subscriber_id)
    ).one()
    suppression.lift_indexes(session, [index], suppression.UNDONE_BY_CONFIRMING)
    return subscription


def pause(
    session: Session, public_id: str, *, until: datetime, now: datetime, origin: str
) -> Subscription:
    """Pause until an instant after `now` (Refused otherwise); pausing again moves the date."""
    if until <= now:
        raise Refused("cannot pause: the date has passed")
    subscription = take_subscription(session, public_id)
    if subscription.paused_until == until and subscription.state is PAUSED:
        return subscription
    move(
        session,
        subscription,
        Verb.PAUSE,
        ConsentKind.PAUSED,
        Circumstances(now, origin, evidence={"until": until.isoformat()}),
    )
    subscription.paused_until = until
    return subscription


def resume(session: Session, public_id: str, *, now: datetime, origin: str) -> Subscription:
    """End a pause; nothing changes for an active subscription."""
    subscription = take_subscription(session, public_id)
    if subscription.state is not ACTIVE:
        move(session, subscription, Verb.RESUME, ConsentKind.RESUMED, Circumstances(now, origin))
        subscription.paused_until = None
    return subscription


def leave(session: Session, public_id: str, *, now: datetime, origin: str) -> Subscription:
    """Unsubscribe, whatever the state; a second time changes nothing. NotFound when unknown."""
    subscription = take_subscription(session, public_id)
    if subscription.state is not UNSUBSCRIBED:
        take_out(session, subscription)  # an abandoned import must not take the evidence away
        subscription.paused_until = None
        move(session, subscription, Verb.LEAVE, ConsentKind.LEFT, Circumstances(now, origin))
    return subscription


def change(
    session: Session,
    sealer: Sealer,
    public_id: str,
    *,
    name: str | None,
    language: str | None,
    timezone: str | None,
    edition: str,
    now: datetime,
    origin: str,
) -> Subscription:
    """Set what a reader chose on the page of preferences; BadInput for what cannot be a choice."""
    subscription = take_subscription(session, public_id)
    subscription.language = check_language(language)
    subscription.timezone = check_timezone(timezone)
    subscription.edition = edition
    subscription.changed_at = now
    subscriber = session.get_one(Subscriber, subscription.subscriber_id)
    subscriber.name_sealed = _sealed_name(sealer, name)
    note(session, subscription, ConsentKind.CHANGED, Circumstances(now, origin))
    return subscription


def hide_appeal(session: Session, public_id: str, until: datetime) -> Subscription:
    """Leave the publisher's message out of this reader's copies until an instant ("Remind me
    later").
    """
    subscription = take_subscription(session, public_id)
    subscription.appeal_hidden_until = until
    session.flush()
    return subscription


def take_subscription(session: Session, public_id: str) -> Subscription:
    """Return the subscription, locked where the database can, so that two verbs cannot cross;
    NotFound when there is none.
    """
    found = session.scalar(_TAKEN, {"taken": public_id})
    if found is None:
        raise NotFound("no such subscription")
    return found


def move(
    session: Session,
    subscription: Subscription,
    verb: Verb,
    kind: ConsentKind,
    circumstances: Circumstances,
) -> None:
    """Do a verb that changes the state, and put it on record; Refused when it cannot be."""
    subscription.state = next_state(subscription.state, verb)
    subscription.changed_at = circumstances.at
    note(session, subscription, kind, circumstances)


def note(
    session: Session, subscription: Subscription, kind: ConsentKind, circumstances: Circumstances
) -> None:
    """Put on record what a reader did about a subscription."""
    session.flush()
    consent.record(
        session,
        kind,
        circumstances,
        subscriber_id=subscription.subscriber_id,
        newsletter_id=subscription.newsletter_id,
    )


def erase(
    session: Session,
    sealer: Sealer,
    subscriber_id: int,
    now: datetime,
    keep_suppression: bool = True,
) -> None:
    """Remove a reader: subscriber, subscriptions, consent events. NotFound when there is none.

    What stays is the suppression of the index, so that no import brings them back; with
    `keep_suppression` false that goes as well, under retired index keys too, and nothing is left to
    know them by.
    """
    subscriber = session.get(Subscriber, subscriber_id)
    if subscriber is None:
        raise NotFound("no such subscriber")
    if keep_suppression:
        suppression.suppress_index(
            session, subscriber.address_index, SuppressionReason.ERASED, now=now
        )
    else:
        suppression.lift(session, sealer, sealer.open(subscriber.address_sealed))
    imports = select(Subscription.import_id).where(Subscription.subscriber_id == subscriber_id)
    for import_id in filter(None, session.scalars(imports).all()):
        note_withdrawal(session, import_id)
    consent.forget(session, subscriber_id)
    session.execute(delete(Subscription).where(Subscription.subscriber_id == subscriber_id))
    session.delete(subscriber)
    session.flush()


def find_by_address(session: Session, sealer: Sealer, address: str) -> Subscriber | None:
    """Return the subscriber of an address, or None; BadInput when it is not an address."""
    return _find_subscriber(session, sealer, parse_address(address))


def _find_subscriber(session: Session, sealer: Sealer, parsed: ParsedAddress) -> Subscriber | None:
    indexes = sealer.indexes(parsed.key)
    return session.scalars(
        select(Subscriber).where(Subscriber.address_index.in_(indexes)).order_by(Subscriber.id)
    ).first()


def find_subscription(session: Session, public_id: str) -> Subscription | None:
    """Return the subscription of a public id, or None."""
    return session.scalar(select(Subscription).where(Subscription.public_id == public_id))
