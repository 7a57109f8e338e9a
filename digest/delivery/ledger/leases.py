"""Leases on chunks: who may try which rows, until when, and what becomes of an owner that is
gone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    Table,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from digest.db import UtcDateTime
from digest.models import Chunk, Delivery, DeliveryEvent, DeliveryState, Issue, IssueState

ABSURD = 10  # times as long as a lease lasts, none was given by a clock that is right
_EVENTS = cast(Table, DeliveryEvent.__table__)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to one chunk's pending rows until it runs out; `epoch` fences an owner that
    overslept.
    """

    chunk_id: int
    issue_id: int
    newsletter_id: int
    first_id: int
    last_id: int
    domain_group: str
    owner: str
    epoch: int
    relay: str = ""  # through which this owner sends


def lease_chunk(
    session: Session,
    owner: str,
    *,
    newsletter_ids: Sequence[int],
    except_issues: Collection[int] = (),
    except_groups: Collection[str] = (),
    relay: str = "",
    lease: timedelta,
    now: datetime,
) -> Lease | None:
    """Claim the next chunk that has work and no living owner; rows its dead owner left dotted turn
    uncertain.
    """
    lease_now, lease_until = _lease_times(session, now, lease)
    _, absurd = _lease_times(session, now, ABSURD * lease)
    due = _first_due(now, lease_now, absurd).where(
        Issue.newsletter_id.in_(newsletter_ids), Issue.id.not_in(except_issues)
    )
    if except_groups:
        due = due.where(Chunk.domain_group.not_in(except_groups))
    row = session.execute(
        update(Chunk)
        .where(Chunk.id == due.scalar_subquery())
        .values(owner=owner, lease_until=lease_until, epoch=Chunk.epoch + 1)
        .returning(
            Chunk.id, Chunk.issue_id, Chunk.first_id, Chunk.last_id, Chunk.domain_group, Chunk.epoch
        )
    ).first()
    if row is None:
        return None
    newsletter_id = session.scalars(
        select(Issue.newsletter_id).where(Issue.id == row.issue_id)
    ).one()
    claimed = Lease(
        chunk_id=row.id,
        issue_id=row.issue_id,
        newsletter_id=newsletter_id,
        first_id=row.first_id,
        last_id=row.last_id,
        domain_group=row.domain_group,
        owner=owner,
        epoch=row.epoch,
        relay=relay,
    )
    _doubt_orphans(session, claimed, now)
    return claimed


def _first_due(
    now: datetime, lease_now: ColumnElement[datetime], absurd: ColumnElement[datetime]
) -> Select[int]:
    """Return the select of the chunk that has waited longest and that nobody works on.

    A lease beyond `absurd` was given by a clock that was ahead; whoever has it may be gone.
    """
    return (
        select(Chunk.id)
        .join(Issue, Issue.id == Chunk.issue_id)
        .where(
            Chunk.next_at <= now,
            _is_free(lease_now, absurd),
            Issue.state == IssueState.SENDING,
            Issue.paused.is_(False),
        )
        .order_by(Chunk.next_at, Chunk.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Chunk)
    )


def _is_free(
    lease_now: ColumnElement[datetime], absurd: ColumnElement[datetime]
) -> ColumnElement[bool]:
    return or_(
        Chunk.lease_until.is_(None), Chunk.lease_until <= lease_now, Chunk.lease_until > absurd
    )


def lease_clock(dialect: str, now: datetime | BindParameter[datetime]) -> ColumnElement[datetime]:
    """Return the clock that leases run by: PostgreSQL's, which several machines share, else
    ours.
    """
    if dialect == "sqlite":
        return now if isinstance(now, BindParameter) else literal(now, UtcDateTime())
    return func.clock_timestamp(type_=UtcDateTime())


def _lease_times(
    session: Session, now: datetime, lease: timedelta
) -> tuple[ColumnElement[datetime], ColumnElement[datetime]]:
    """Return now and the end of a lease that begins now."""
    dialect = session.get_bind().dialect.name
    clock = lease_clock(dialect, now)
    return clock, literal(now + lease, UtcDateTime()) if dialect == "sqlite" else clock + literal(
        lease
    )


def rows_of(lease: Lease) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that pick a chunk's rows."""
    # Ids may interleave with another issue's on PostgreSQL; the group and the issue make the range
    # exact.
    return (
        of_issue(lease.issue_id),
        Delivery.id.between(lease.first_id, lease.last_id),
        Delivery.domain_group == lease.domain_group,
    )


def of_issue(issue_id: int | BindParameter[int]) -> ColumnElement[bool]:
    """Return the condition that a row is an issue's, for use beside a range of ids.

    The sum keeps SQLite from reading the index of the whole issue for one chunk of it: without
    statistics it takes that for the smaller part, and a million rows then cost a thousand looks at
    all of them.
    """
    return Delivery.issue_id + 0 == issue_id


def _doubt_orphans(session: Session, lease: Lease, now: datetime) -> None:
    orphans = session.scalars(
        update(Delivery)
        .where(*rows_of(lease), Delivery.state == DeliveryState.DOTTED)
        .values(state=DeliveryState.UNCERTAIN, reason="owner gone", done_at=now)
        .returning(Delivery.id)
    ).all()
    record_events(
        session, [(id, "uncertain", "the sender that wrote the dot is gone") for id in orphans], now
    )


def record_events(
    session: Session | Connection, events: Sequence[tuple[int, str, str]], now: datetime
) -> None:
    """Append (delivery id, kind, detail) to the rows' stories."""
    if events:
        session.execute(
            insert(_EVENTS),
            [
                {"delivery_id": id, "kind": kind, "detail": detail, "at": now}
                for id, kind, detail in events
            ],
        )


def renew_leases(
    session: Session, owner: str, leases: Sequence[Lease], *, lease: timedelta, now: datetime
) -> set[int]:
    """Prolong leases that are still ours; return the ids of their chunks. The others are lost."""
    lease_now, lease_until = _lease_times(session, now, lease)
    kept: set[int] = set()
    for held in leases:
        kept.update(
            session.scalars(
                update(Chunk)
                .where(
                    Chunk.id == held.chunk_id,
                    Chunk.owner == owner,
                    Chunk.epoch == held.epoch,
                    Chunk.lease_until > lease_now,
                )
                .values(lease_until=lease_until)
                .returning(Chunk.id)
            )
        )
    return kept


def stands(session: Session, lease: Lease, now: datetime) -> bool:
    """Whether a lease is still its owner's and its issue is still being sent."""
    lease_now = lease_clock(session.get_bind().dialect.name, now)
    standing = (
        select(Chunk.id)
        .join(Issue, Issue.id == Chunk.issue_id)
        .where(
            Chunk.id == lease.chunk_id,
            Chunk.owner == lease.owner,
            Chunk.epoch == lease.epoch,
            Chunk.lease_until > lease_now,
            Issue.state == IssueState.SENDING,
            Issue.paused.is_(False),
        )
    )
    return session.scalar(select(standing.exists())) or False


def finish_chunk(session: Session, lease: Lease, *, later: datetime | None = None) -> None:
    """Give a chunk back, with the moment of its next retry, or none when every row is settled.

    `later` says that what is pending must wait until then, whatever the rows say.
    """
    next_work: ColumnElement[Any] = (
        select(func.min(func.coalesce(Delivery.next_at, Delivery.not_before)))
        # A row still dotted, its outcome never written, must be found in doubt by the next lease.
        .where(*rows_of(lease), Delivery.state.in_([DeliveryState.PENDING, DeliveryState.DOTTED]))
        .scalar_subquery()
    )
    if later is not None:
        waiting = literal(later, UtcDateTime())
        next_work = case((next_work < waiting, waiting), else_=next_work)
    session.execute(
        update(Chunk)
        .where(Chunk.id == lease.chunk_id, Chunk.owner == lease.owner, Chunk.epoch == lease.epoch)
        .values(next_at=next_work, owner=None, lease_until=None)
    )


def has_due_chunk(session: Session, newsletter_ids: Sequence[int], now: datetime) -> bool:
    """Whether a chunk of these newsletters has work that is due, whoever works on it."""
    due = (
        select(Chunk.id)
        .join(Issue, Issue.id == Chunk.issue_id)
        .where(
            Chunk.next_at <= now,
            Issue.newsletter_id.in_(newsletter_ids),
            Issue.state == IssueState.SENDING,
            Issue.paused.is_(False),
        )
    )
    return session.scalar(select(due.exists())) or False


def list_waiting_groups(
    session: Session,
    newsletter_ids: Sequence[int],
    groups: Collection[str],
    *,
    due: datetime,
    lease: timedelta,
    now: datetime,
) -> set[str]:
    """Return those of `groups` that have a chunk which is due by then and which nobody works on."""
    lease_now, _ = _lease_times(session, now, lease)
    _, absurd = _lease_times(session, now, ABSURD * lease)
    return set(
        session.scalars(
            select(Chunk.domain_group)
            .distinct()
            .join(Issue, Issue.id == Chunk.issue_id)
            .where(
                Chunk.next_at <= due,
                Chunk.domain_group.in_(groups),
                _is_free(lease_now, absurd),
                Issue.newsletter_id.in_(newsletter_ids),
                Issue.state == IssueState.SENDING,
                Issue.paused.is_(False),
            )
        )
    )


def find_next_work(session: Session) -> datetime | None:
    """Return when the earliest chunk of a sending issue has work, or None."""
    return session.scalar(
        select(func.min(Chunk.next_at))
        .join(Issue, Issue.id == Chunk.issue_id)
        .where(Issue.state == IssueState.SENDING, Issue.paused.is_(False))
    )
