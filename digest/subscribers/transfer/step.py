"""One step of a merge: a stretch of staged readers becomes subscribers, subscriptions and evidence.

A handful of statements, however many readers: a row of a million must not pass through Python three
times. Never touches a subscription that was there before, and never commits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Insert, Text, bindparam, case, func, literal, select
from sqlalchemy.orm import Session

from digest.db import UtcDateTime
from digest.inserts import insert_new_in
from digest.models import Subscriber, Subscription, SubscriptionState
from digest.subscribers import consent
from digest.subscribers.consent import ConsentKind
from digest.subscribers.transfer.beside import STAGED, Stretch, count_staged, in_stretch
from digest.subscribers.transfer.public_letters import OWN_LETTERS
from digest.subscribers.transfer.standing import is_suppressed, known_subscriber


@dataclass(frozen=True, slots=True)
class Step:
    """What a step needs to know beside the rows.

    `shared_letters` begin every public id it makes, so that a step writes to one place of their
    indexes and not all over.
    """

    newsletter_id: int
    import_id: int
    index_keys: int
    stretch: Stretch
    shared_letters: str
    now: datetime


def merge_stretch(session: Session, step: Step) -> tuple[int, int]:
    """Give every new reader of the stretch a subscription marked with the import, and evidence;
    return how many readers are in it and how many were new.
    """
    last = session.scalar(select(func.max(Subscription.id))) or 0
    low, high = step.stretch.bounds()
    values: Mapping[str, Any] = {
        **{"low": low, "high": high, "import": step.import_id, "last": last, "now": step.now},
        **{"newsletter": step.newsletter_id, "shared": step.shared_letters},
        "origin": import_origin(step.import_id),
    }
    dialect = session.get_bind().dialect.name
    staged = count_staged(session, step.stretch)
    session.execute(_add_subscribers(dialect, step.index_keys), values)
    made: Any = session.execute(
        _add_subscriptions(dialect, step.index_keys),
        values,
        execution_options={"preserve_rowcount": True},
    )
    new = int(made.rowcount)
    if new:
        session.execute(_add_evidence(dialect, step.index_keys, new == staged), values)
    return staged, new


def import_origin(import_id: int) -> str:
    """Return how evidence names the import it came by."""
    return f"import {import_id}"


def _public_id(first: int) -> ColumnElement[str]:
    """Return the id whose own letters are the staged ones from number `first` on."""
    return bindparam("shared", type_=Text()) + func.substr(STAGED.c.letters, first, OWN_LETTERS)


@cache
def _add_subscribers(dialect: str, index_keys: int) -> Insert:
    values: dict[str, ColumnElement[Any]] = {
        "public_id": _public_id(1),
        "address_index": STAGED.c.address_index,
        "address_sealed": STAGED.c.address_sealed,
        "name_sealed": STAGED.c.name_sealed,
        "created_at": bindparam("now", type_=UtcDateTime()),
    }
    missing = select(*values.values()).where(
        in_stretch(dialect), ~is_suppressed(index_keys), known_subscriber(index_keys).is_(None)
    )
    return insert_new_in(dialect, Subscriber.__table__).from_select(list(values), missing)


@cache
def _add_subscriptions(dialect: str, index_keys: int) -> Insert:
    now = bindparam("now", type_=UtcDateTime())
    subscriber_id = known_subscriber(index_keys)
    values: dict[str, ColumnElement[Any]] = {
        "public_id": _public_id(1 + OWN_LETTERS),
        "subscriber_id": subscriber_id,
        "newsletter_id": bindparam("newsletter"),
        "state": literal(SubscriptionState.ACTIVE, Subscription.state.type),
        "language": STAGED.c.language,
        "timezone": STAGED.c.timezone,
        "domain_group": STAGED.c.domain_group,
        "import_id": bindparam("import"),
        "joined_at": case((STAGED.c.joined_at < now, STAGED.c.joined_at), else_=now),
        "changed_at": now,
    }
    wanted = select(*values.values()).where(in_stretch(dialect), ~is_suppressed(index_keys))
    if dialect != "sqlite":  # others may write meanwhile, and erase whom we have just found
        wanted = wanted.where(subscriber_id.is_not(None))
    return insert_new_in(dialect, Subscription.__table__).from_select(list(values), wanted)


@cache
def _add_evidence(dialect: str, index_keys: int, all_new: bool) -> Insert:
    """Return the insert of an event for each subscription this very step has made."""
    if all_new:
        events = select(known_subscriber(index_keys), STAGED.c.evidence)
        return consent.recording(ConsentKind.IMPORTED, events.where(in_stretch(dialect)))
    staged = (
        select(known_subscriber(index_keys).label("subscriber_id"), STAGED.c.evidence)
        .where(in_stretch(dialect))
        .offset(0)  # keeps databases from looking the subscriber up again wherever the id is named
        .subquery()
    )
    made = (
        select(Subscription.id)
        .where(
            Subscription.subscriber_id == staged.c.subscriber_id,
            Subscription.newsletter_id == bindparam("newsletter"),
            Subscription.import_id == bindparam("import"),
            Subscription.id > bindparam("last"),
        )
        .exists()
    )
    return consent.recording(ConsentKind.IMPORTED, select(*staged.c).where(made))
