"""What the database says of its homes, as facts about the instance; the only writer of these."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, text
from sqlalchemy.orm import Session

from digest.delivery.home.judgement import Hold, HomeRow, Said, Why
from digest.delivery.home.machine import Machine
from digest.delivery.home.marker import LastDot
from digest.inserts import insert_new
from digest.models import Chunk, Delivery, InstanceValue, Issue, IssueState, LedgerSum

INSTANCE = "instance_id"
HOLD = "hold"  # for everybody; with a home's name behind a colon, for that one alone
HOME = "home:"
LATELY = timedelta(minutes=10)


def read_said(session: Session, home: str) -> Said:
    """Return what the database says to a place of that name."""
    rows = session.scalars(
        select(InstanceValue).where(
            or_(
                InstanceValue.name.in_((INSTANCE, HOLD, f"{HOLD}:{home}")),
                InstanceValue.name.startswith(HOME),
            )
        )
    ).all()
    values = {row.name: row for row in rows}
    homes = {
        row.name.removeprefix(HOME): _home_of(row) for row in rows if row.name.startswith(HOME)
    }
    return Said(
        instance=values[INSTANCE].value if INSTANCE in values else "",
        homes=homes,
        holds=[_hold_of(values[n]) for n in (HOLD, f"{HOLD}:{home}") if n in values],
        has_issues=not homes and _has_issues(session),
    )


def _has_issues(session: Session) -> bool:
    return bool(session.scalar(select(exists().where(Issue.state != IssueState.DRAFT))))


def list_holds(session: Session, now: datetime) -> list[Hold]:
    """Return why nothing is sent, as far as it is written down: that from everywhere, or else from
    single places, where nobody has lately sent from another.
    """
    rows = session.scalars(
        select(InstanceValue).where(
            or_(InstanceValue.name.startswith(HOLD), InstanceValue.name.startswith(HOME))
        )
    ).all()
    holds = [_hold_of(row) for row in rows if not row.name.startswith(HOME)]
    alive = any(row.name.startswith(HOME) and now - row.at < LATELY for row in rows)
    return [hold for hold in holds if hold.everywhere or not alive]


def _home_of(row: InstanceValue) -> HomeRow:
    values = json.loads(row.value)
    return HomeRow(values["count"], Machine.from_json(values["machine"]), row.at)


def _hold_of(row: InstanceValue) -> Hold:
    values = json.loads(row.value)
    return Hold(Why(values["why"]), row.at, row.name == HOLD, values.get("detail", ""))


def write_home(session: Session, home: str, count: int, machine: Machine, now: datetime) -> None:
    """Write that the database is sent from a place, and how far it has come: never less far than
    another process has written meanwhile.
    """
    name = f"{HOME}{home}"
    row = session.get(InstanceValue, name, with_for_update=True, populate_existing=True)
    if row is not None:
        count = max(count, json.loads(row.value)["count"] + 1)
    value = {"count": count, "machine": machine.as_json()}
    if row is None:
        _put(session, name, value, now)
    else:
        row.value, row.at = json.dumps(value), now
        session.flush()


def write_hold(session: Session, why: Why, now: datetime, *, home: str = "", detail: str) -> None:
    """Write that nothing is sent: from the place of that name, or from anywhere. Since when stays
    what was written first.
    """
    name = f"{HOLD}:{home}" if home else HOLD
    _put(session, name, {"why": why.value, "detail": detail}, now)


def _put(session: Session, name: str, value: dict[str, Any], now: datetime) -> None:
    """Write a fact that is new; one of that name stays as it is."""
    row = {"name": name, "value": json.dumps(value), "at": now}
    session.execute(insert_new(session, InstanceValue).values(row))


def clear_holds(session: Session) -> None:
    """Take every hold back."""
    session.execute(
        delete(InstanceValue).where(
            or_(InstanceValue.name == HOLD, InstanceValue.name.startswith(f"{HOLD}:"))
        )
    )


def clear_hold_of(session: Session, home: str) -> None:
    """Take the hold of one place back."""
    session.execute(delete(InstanceValue).where(InstanceValue.name == f"{HOLD}:{home}"))


def clear_homes(session: Session) -> None:
    """Forget every home."""
    session.execute(delete(InstanceValue).where(InstanceValue.name.startswith(HOME)))


def instance_id(session: Session, now: datetime) -> str:
    """Return the database's random name, given to it the first time; copies of it have the same."""
    row = {"name": INSTANCE, "value": secrets.token_hex(12), "at": now}
    session.execute(insert_new(session, InstanceValue).values(row))
    named = select(InstanceValue.value).where(InstanceValue.name == INSTANCE)
    return session.scalars(named).one()


def database_name(session: Session) -> str:
    """Return by what a server knows the database; a file's is empty, it is known by its place."""
    if session.get_bind().dialect.name == "sqlite":
        return ""
    oid = text("SELECT oid FROM pg_database WHERE datname = current_database()")
    return f"database {session.scalar(oid)}"


def knows_dots(session: Session, dots: Sequence[LastDot]) -> bool:
    """Whether the database has all of these dots: it is not from before one of them.

    A row's lease only ever grows. Rows of an issue whose ledger has shrunk are gone, and its sums
    know them.
    """
    if not dots:
        return True
    ids = [dot.delivery_id for dot in dots]
    found = session.execute(select(Delivery.id, Delivery.epoch).where(Delivery.id.in_(ids)))
    epochs = {row.id: row.epoch for row in found}
    missing = {dot.issue_id for dot in dots if dot.delivery_id not in epochs}
    shrunk = set(
        session.scalars(select(LedgerSum.issue_id).where(LedgerSum.issue_id.in_(missing)))
        if missing
        else ()
    )
    return missing <= shrunk and all(
        epochs[dot.delivery_id] >= dot.epoch for dot in dots if dot.delivery_id in epochs
    )


def has_open_work(session: Session) -> bool:
    """Whether an issue is being sent and not all of it has left."""
    work = (
        select(Chunk.id)
        .join(Issue, Issue.id == Chunk.issue_id)
        .where(
            Issue.state == IssueState.SENDING,
            Issue.stopped_at.is_(None),
            Chunk.next_at.is_not(None),
        )
    )
    return bool(session.scalar(select(work.exists())))


def last_heard(session: Session) -> datetime | None:
    """Return when the database was last sent from, or ready to; None when it never was."""
    named = InstanceValue.name.startswith(HOME)
    return session.scalar(select(func.max(InstanceValue.at)).where(named))
