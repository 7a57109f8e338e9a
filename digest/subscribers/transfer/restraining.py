"""Those whom the old provider must not mail any more: who of them is a reader here, and whether
they stay one because they asked us for it since.

`outweighs` is the judgement, and both halves of an import use it. Whoever has left is left here for
good, so that no older list brings them back; whoever bounced, complained or was blocked there is
suppressed here. Never revives anybody.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Insert, Select, and_, bindparam, case, func, literal, select
from sqlalchemy.orm import Session

from digest.db import UtcDateTime
from digest.inserts import insert_new_in
from digest.models import (
    ConsentEvent,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.lifecycle import Verb, move, take_subscription
from digest.subscribers.suppression import suppress_index
from digest.subscribers.transfer.beside import STAGED, Stretch, count_staged, in_stretch
from digest.subscribers.transfer.fates import Fate
from digest.subscribers.transfer.rows import read_time
from digest.subscribers.transfer.shown import shown, take_out
from digest.subscribers.transfer.standing import Standing, is_suppressed, known_subscriber
from digest.subscribers.transfer.step import Step, import_origin, note_restrained

# What readers do themselves, or an operator who was asked by them.
OWN_CONSENT = (
    *(ConsentKind.CONFIRMED, ConsentKind.RESUMED, ConsentKind.RETURNED, ConsentKind.ADDED),
)
READING = (SubscriptionState.ACTIVE, SubscriptionState.PAUSED)
REASONS: Mapping[Fate, SuppressionReason] = {
    Fate.ERASED: SuppressionReason.ERASED,
    Fate.BOUNCED: SuppressionReason.BOUNCED,
    Fate.COMPLAINED: SuppressionReason.COMPLAINED,
    Fate.BLOCKED: SuppressionReason.MANUAL,
}


class Consent(NamedTuple):
    """One consent on record: `given` here, or, when that is None, `told` by another list."""

    given: datetime | None
    told: datetime | None = None


def outweighs(left_at: datetime | None, consents: Sequence[Consent]) -> bool:
    """Tell whether somebody stays a reader here although they left, or were barred, elsewhere.

    What they did with us counts when it is newer, or when nobody knows when they left: leaving the
    old provider says nothing of us. What only a list says counts when both times are known.
    """
    for given, told in consents:
        if given is not None and (left_at is None or given > left_at):
            return True
        if told is not None and left_at is not None and told > left_at:
            return True
    return False


class Hit(NamedTuple):
    """Somebody who is subscribed or known here, and has left or is barred elsewhere."""

    subscriber_id: int
    fate: Fate
    left_at: datetime | None
    evidence: dict[str, Any]
    address_index: bytes
    public_id: str | None  # of the subscription that they read by; None: they have none here
    is_ours: bool  # our own export says so


def count_restrained(
    session: Session, stretch: Stretch, newsletter_id: int, import_id: int, index_keys: int
) -> Counter[Standing]:
    """Count those of a stretch who have left or are barred, and what that does to readers here."""
    low, high = stretch.bounds()
    values = {"low": low, "high": high, "newsletter": newsletter_id, "import": import_id}
    hits = _find_hits(session, index_keys, values)
    spared = _find_spared(session, newsletter_id, hits)
    return _count_kinds(session, stretch, values) + _count_hits(hits, spared)


def restrain_stretch(session: Session, step: Step) -> Counter[Standing]:
    """Make true for a stretch what `count_restrained` counts, and count it."""
    values = step.values(session)
    hits = _find_hits(session, step.index_keys, values)
    spared = _find_spared(session, step.newsletter_id, hits)
    found = _count_kinds(session, step.stretch, values)
    for hit in hits:
        if hit.subscriber_id not in spared and hit.fate is Fate.LEFT:
            _end(session, hit, step)
    if found[Standing.GONE] or step.has_kept:
        note_restrained(session, step)
    if found[Standing.BARRED]:
        _bar(session, step, values, hits, spared)
    return found + _count_hits(hits, spared)


def _count_kinds(
    session: Session, stretch: Stretch, values: Mapping[str, Any]
) -> Counter[Standing]:
    gone = session.scalar(_count_gone(session.get_bind().dialect.name), values) or 0
    barred = count_staged(session, stretch, restrained=True) - gone
    return Counter({Standing.GONE: gone, Standing.BARRED: barred})


def _count_hits(hits: Sequence[Hit], spared: Collection[int]) -> Counter[Standing]:
    reading = [hit for hit in hits if hit.public_id is not None]
    kept = sum(hit.subscriber_id in spared for hit in reading)
    return Counter({Standing.SPARED: kept, Standing.ENDED: len(reading) - kept})


@cache
def _count_gone(dialect: str) -> Select[int]:
    return (
        select(func.count())
        .select_from(STAGED)
        .where(in_stretch(dialect, restrained=True), STAGED.c.fate == Fate.LEFT)
    )


def _find_hits(session: Session, index_keys: int, values: Mapping[str, Any]) -> list[Hit]:
    statement = _hits(session.get_bind().dialect.name, index_keys)
    return [
        Hit(subscriber_id, Fate(fate), *rest)
        for subscriber_id, fate, *rest in session.execute(statement, values)
    ]


@cache
def _hits(dialect: str, index_keys: int) -> Select[Any]:
    """Return the select of known people of a stretch, of those who left only current readers, of
    the barred only those not suppressed yet.
    """
    each = (
        select(
            known_subscriber(index_keys).label("subscriber_id"),
            *(STAGED.c.fate, STAGED.c.left_at, STAGED.c.evidence, STAGED.c.address_index),
            STAGED.c.kept.is_not(None).label("is_ours"),
            is_suppressed(index_keys).label("suppressed"),
        )
        .where(in_stretch(dialect, restrained=True))
        .offset(0)
        .subquery()
    )
    reads = and_(
        Subscription.subscriber_id == each.c.subscriber_id,
        Subscription.newsletter_id == bindparam("newsletter"),
        Subscription.state.in_(READING),
        shown(),
    )
    columns = (
        *(each.c.subscriber_id, each.c.fate, each.c.left_at, each.c.evidence),
        *(each.c.address_index, Subscription.public_id, each.c.is_ours),
    )
    concerned: ColumnElement[bool] = case(
        (each.c.fate == Fate.LEFT, Subscription.id.is_not(None)), else_=~each.c.suppressed
    )
    return (
        select(*columns)
        .select_from(each.outerjoin(Subscription, reads))
        .where(each.c.subscriber_id.is_not(None), concerned)
    )


def _find_spared(session: Session, newsletter_id: int, hits: Sequence[Hit]) -> set[int]:
    """Return the subscribers whose own consent outweighs what the list says of them."""
    consents: dict[int, list[tuple[int, Consent]]] = defaultdict(list)
    rows = (
        session.execute(
            select(
                *(ConsentEvent.subscriber_id, ConsentEvent.newsletter_id, ConsentEvent.kind),
                *(ConsentEvent.at, ConsentEvent.evidence),
            ).where(
                ConsentEvent.subscriber_id.in_([hit.subscriber_id for hit in hits]),
                ConsentEvent.kind.in_([*OWN_CONSENT, ConsentKind.IMPORTED]),
            )
        )
        if hits
        else ()
    )
    for subscriber_id, newsletter, kind, at, evidence in rows:
        consents[subscriber_id].append((newsletter, _consent(kind, at, evidence)))
    return {
        hit.subscriber_id
        for hit in hits
        if not hit.is_ours
        and outweighs(
            hit.left_at,
            [
                each
                for newsletter, each in consents[hit.subscriber_id]
                if newsletter == newsletter_id or hit.fate is not Fate.LEFT
            ],
        )
    }


def _consent(kind: str, at: datetime, evidence: Mapping[str, Any]) -> Consent:
    if kind != ConsentKind.IMPORTED or "said" in evidence:
        return Consent(at if kind != ConsentKind.IMPORTED else None)
    times = (read_time(str(evidence.get(word, ""))) for word in ("joined", "confirmed"))
    return Consent(None, max(filter(None, times), default=None))


def _end(session: Session, hit: Hit, step: Step) -> None:
    """Unsubscribe a reader because the old provider says that they left."""
    if hit.public_id is None:
        return
    subscription = take_subscription(session, hit.public_id)
    if subscription.state not in READING:
        return
    take_out(session, subscription)
    subscription.paused_until = None
    where = Circumstances(step.now, import_origin(step.import_id), evidence=hit.evidence)
    move(session, subscription, Verb.LEAVE, ConsentKind.LEFT, where)


def _bar(
    session: Session,
    step: Step,
    values: Mapping[str, Any],
    hits: Sequence[Hit],
    spared: Collection[int],
) -> None:
    """Suppress the barred of a stretch: strangers in one statement, people we know one by one."""
    dialect = session.get_bind().dialect.name
    detail = import_origin(step.import_id)
    session.execute(_bar_strangers(dialect, step.index_keys), {**values, "detail": detail})
    for hit in hits:
        if hit.fate is not Fate.LEFT and hit.subscriber_id not in spared:
            at = min(hit.left_at or step.now, step.now)
            suppress_index(session, hit.address_index, REASONS[hit.fate], now=at, detail=detail)


@cache
def _bar_strangers(dialect: str, index_keys: int) -> Insert:
    now, reason = bindparam("now", type_=UtcDateTime()), Suppression.reason.type
    values: dict[str, ColumnElement[Any]] = {
        "address_index": STAGED.c.address_index,
        "reason": case(
            *((STAGED.c.fate == fate, literal(each, reason)) for fate, each in REASONS.items()),
            else_=literal(SuppressionReason.MANUAL, reason),
        ),
        "at": case((STAGED.c.left_at < now, STAGED.c.left_at), else_=now),
        "detail": bindparam("detail"),
    }
    strangers = select(*values.values()).where(
        in_stretch(dialect, restrained=True),
        STAGED.c.fate > Fate.LEFT,
        ~is_suppressed(index_keys),
        known_subscriber(index_keys).is_(None) | STAGED.c.kept.is_not(None),
    )
    return insert_new_in(dialect, Suppression.__table__).from_select(list(values), strangers)
