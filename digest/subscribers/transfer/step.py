"""One step of a merge: a stretch of staged readers becomes subscribers, subscriptions and evidence.

A handful of statements, however many readers: a row of a million must not pass through Python three
times. Never touches a subscription that was there before, and never commits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Insert,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from digest.db import UtcDateTime
from digest.inserts import insert_new_in
from digest.models import Subscriber, Subscription, SubscriptionState
from digest.subscribers import consent
from digest.subscribers.consent import ConsentKind
from digest.subscribers.transfer.beside import STAGED, Stretch, count_staged, in_stretch
from digest.subscribers.transfer.fates import Fate
from digest.subscribers.transfer.public_letters import OWN_LETTERS
from digest.subscribers.transfer.restoring import restore_kept
from digest.subscribers.transfer.standing import is_suppressed, known_subscriber

IMPORTED = "import "  # what the name of every import begins with


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
    has_kept: bool = False  # some rows are of our own export, and say more than a list does
    all_join: bool = False  # nobody in the file has left, paused or is barred: no need to ask
    texts: Mapping[str, str] = field(default_factory=dict)  # wordings of theirs, by digest

    def values(self, session: Session) -> Mapping[str, Any]:
        """Return what the statements of a step are executed with. What they make has an id above
        `last`.
        """
        last = session.scalar(select(func.max(Subscription.id))) or 0
        low, high = self.stretch.bounds()
        return {
            **{"low": low, "high": high, "import": self.import_id, "last": last, "now": self.now},
            **{"newsletter": self.newsletter_id, "shared": self.shared_letters},
            "origin": import_origin(self.import_id),
        }


def merge_stretch(session: Session, step: Step) -> tuple[int, int]:
    """Give every new reader of the stretch a subscription marked with the import, and evidence;
    return how many readers are in it, those left aside who have left or are barred, and how many
    were new.
    """
    values, dialect = step.values(session), session.get_bind().dialect.name
    restrained = None if step.all_join else False
    staged = count_staged(session, step.stretch, restrained)
    new = add_rows(session, step, values, restrained)
    if new:
        insert = _add_evidence(dialect, step.index_keys, restrained, new == staged)
        session.execute(insert, values)
    return staged, new


def note_restrained(session: Session, step: Step) -> int:
    """Write down, for good, who of the stretch has left the old provider, with the evidence; return
    how many were new here. Nothing changes for a subscription that is there.
    """
    values, dialect = step.values(session), session.get_bind().dialect.name
    new = add_rows(session, step, values, True)
    if new:
        session.execute(_add_restrained_evidence(dialect, step.index_keys), values)
    return new


def add_rows(
    session: Session, step: Step, values: Mapping[str, Any], restrained: bool | None
) -> int:
    """Add the subscribers and subscriptions that are missing, of those who have left or are barred
    or of the others (None: there are no others); return how many subscriptions.
    """
    dialect = session.get_bind().dialect.name
    session.execute(_add_subscribers(dialect, step.index_keys, restrained), values)
    made: Any = session.execute(
        _add_subscriptions(dialect, step.index_keys, restrained),
        values,
        execution_options={"preserve_rowcount": True},
    )
    new = int(made.rowcount)
    if new and step.has_kept:
        restore_kept(session, made_by(dialect, step.index_keys, restrained), values, step.texts)
    return new


def import_origin(import_id: int) -> str:
    """Return how evidence and suppressions name the import they came by."""
    return f"{IMPORTED}{import_id}"


def public_id(first: int) -> ColumnElement[str]:
    """Return the id whose own letters are the staged ones from number `first` on."""
    return bindparam("shared", type_=Text()) + func.substr(STAGED.c.letters, first, OWN_LETTERS)


def _wanted(dialect: str, index_keys: int, restrained: bool | None) -> ColumnElement[bool]:
    """Return the condition on staged rows that get a subscription, if they have none.

    Of those who must not be mailed only our own export's get one; whoever was erased gets none.
    """
    rows = in_stretch(dialect, restrained)
    if not restrained:
        return and_(rows, ~is_suppressed(index_keys))
    has_left = and_(STAGED.c.fate == Fate.LEFT, ~is_suppressed(index_keys))
    was_ours = and_(STAGED.c.kept.is_not(None), ~is_suppressed(index_keys, erased_only=True))
    return and_(rows, or_(has_left, was_ours))


@cache
def _add_subscribers(dialect: str, index_keys: int, restrained: bool | None) -> Insert:
    values: dict[str, ColumnElement[Any]] = {
        "public_id": public_id(1),
        "address_index": STAGED.c.address_index,
        "address_sealed": STAGED.c.address_sealed,
        "name_sealed": STAGED.c.name_sealed,
        "created_at": bindparam("now", type_=UtcDateTime()),
    }
    missing = select(*values.values()).where(
        _wanted(dialect, index_keys, restrained), known_subscriber(index_keys).is_(None)
    )
    return insert_new_in(dialect, Subscriber.__table__).from_select(list(values), missing)


@cache
def _add_subscriptions(dialect: str, index_keys: int, restrained: bool | None) -> Insert:
    subscriber_id = known_subscriber(index_keys)
    values: dict[str, ColumnElement[Any]] = {
        "public_id": public_id(1 + OWN_LETTERS),
        "subscriber_id": subscriber_id,
        "newsletter_id": bindparam("newsletter"),
        "language": STAGED.c.language,
        "timezone": STAGED.c.timezone,
        "domain_group": STAGED.c.domain_group,
        **(_of_one_who_left() if restrained else _of_one_who_joins(restrained is None)),
    }
    wanted = select(*values.values()).where(_wanted(dialect, index_keys, restrained))
    if dialect != "sqlite":  # others may write meanwhile, and erase whom we have just found
        wanted = wanted.where(subscriber_id.is_not(None))
    return insert_new_in(dialect, Subscription.__table__).from_select(list(values), wanted)


def _of_one_who_joins(all_active: bool) -> dict[str, ColumnElement[Any]]:
    now, state = bindparam("now", type_=UtcDateTime()), Subscription.state.type
    active = literal(SubscriptionState.ACTIVE, state)
    by_fate = case(
        (STAGED.c.fate == Fate.PAUSED, literal(SubscriptionState.PAUSED, state)),
        (STAGED.c.fate == Fate.PENDING, literal(SubscriptionState.PENDING, state)),
        else_=active,
    )
    return {
        "state": active if all_active else by_fate,
        "import_id": bindparam("import"),
        "joined_at": case((STAGED.c.joined_at < now, STAGED.c.joined_at), else_=now),
        "changed_at": now,
    }


def _of_one_who_left() -> dict[str, ColumnElement[Any]]:
    """No import owns these: they hold whether it is finished or taken back."""
    now, state = bindparam("now", type_=UtcDateTime()), Subscription.state.type
    began = func.coalesce(STAGED.c.joined_at, STAGED.c.left_at)
    return {
        "state": literal(SubscriptionState.UNSUBSCRIBED, state),
        "joined_at": case((began < now, began), else_=now),
        "changed_at": case((STAGED.c.left_at < now, STAGED.c.left_at), else_=now),
    }


@cache
def _add_evidence(dialect: str, index_keys: int, restrained: bool | None, all_new: bool) -> Insert:
    """Return the insert of an event for each subscription this very step has made."""
    if all_new:
        events = select(known_subscriber(index_keys), STAGED.c.evidence)
        rows = events.where(in_stretch(dialect, restrained))
        return consent.recording(ConsentKind.IMPORTED, rows)
    made = made_by(dialect, index_keys, restrained)
    return consent.recording(ConsentKind.IMPORTED, select(made.c.subscriber_id, made.c.evidence))


@cache
def _add_restrained_evidence(dialect: str, index_keys: int) -> Insert:
    """Return the same for those who had left: no leaving of ours, which would count among them."""
    made = made_by(dialect, index_keys, True)
    return consent.recording(ConsentKind.IMPORTED, select(made.c.subscriber_id, made.c.evidence))


@cache
def made_by(dialect: str, index_keys: int, restrained: bool | None) -> Subquery:
    """Return the staged rows whose subscriptions this very step has made, with their ids."""
    staged = (
        select(
            known_subscriber(index_keys).label("subscriber_id"),
            STAGED.c.evidence,
            STAGED.c.kept,
        )
        .where(in_stretch(dialect, restrained))
        .offset(0)  # keeps databases from looking the subscriber up again wherever the id is named
        .subquery()
    )
    theirs = and_(
        Subscription.subscriber_id == staged.c.subscriber_id,
        Subscription.newsletter_id == bindparam("newsletter"),
        Subscription.id > bindparam("last"),
        Subscription.import_id.is_(None)
        if restrained
        else Subscription.import_id == bindparam("import"),
    )
    columns = (Subscription.id.label("subscription_id"), *staged.c)
    return select(*columns).join_from(staged, Subscription, theirs).subquery()
