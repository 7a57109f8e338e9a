"""The second half of an import: staged readers enter the store in small steps and appear all at
once.

Each step is one transaction of about 20 ms that also writes how far it got, so a kill at any point
loses nothing and the next call goes on. Until the flip every subscription carries the import's id
and no audience sees it. Never touches a subscription that was there before: nobody who left or is
suppressed comes back.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.errors import Conflict, NotFound, Refused
from digest.inserts import insert_new
from digest.models import Import, ImportState, Subscriber, Subscription, SubscriptionState
from digest.subscribers import consent
from digest.subscribers.consent import Circumstances, ConsentKind
from digest.subscribers.lifecycle import RandomId, new_public_id
from digest.subscribers.transfer.rows import read_time
from digest.subscribers.transfer.staging import Progress, StagedImport, no_progress
from digest.subscribers.transfer.staging_file import (
    StagedRow,
    StagingFile,
    remove_staging_file,
)
from digest.subscribers.transfer.standing import Standing, find_places

LONGEST_STEP_SECONDS = 0.020
SHORT_STEP_SECONDS = 0.010
FEWEST_STEP_ROWS = 8
FIRST_STEP_ROWS = 32
MOST_STEP_ROWS = 1024


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `withdrawn` left, were erased or asked anew between their merge and the
    flip.
    """

    import_id: int
    added: int
    already: int
    suppressed: int
    left: int
    withdrawn: int


def merge_import(
    db: Database,
    staged: StagedImport,
    *,
    clock: Clock,
    progress: Progress = no_progress,
    random_id: RandomId = new_public_id,
) -> ImportReport:
    """Merge a staged file and show its readers to the audience in one final step; safe to call
    again.

    `progress` is told readers merged and readers in all; what it raises stops the merge between two
    steps. Conflict while another process merges the same file, Refused for an abandoned import,
    NotFound without its staging file.
    """
    if _begin(db, staged.import_id) is ImportState.MERGING:
        if not staged.staging_path.exists():
            raise NotFound(
                f"{staged.staging_path} is gone: stage the file again, the merge goes on"
            )
        with StagingFile(staged.staging_path) as staging:
            _merge_steps(db, staged, staging, clock, progress, random_id)
        _flip(db, staged.import_id, clock.now())
    remove_staging_file(staged.staging_path)
    return _report(db, staged.import_id)


def _begin(db: Database, import_id: int) -> ImportState:
    with db.write() as session:
        row = take_import(session, import_id)
        if row.state is ImportState.ABANDONED:
            raise Refused("this import was abandoned: stage the file again")
        if row.state is ImportState.STAGED:
            _refuse_beside_another(session, row)
            row.state = ImportState.MERGING
        return row.state


def _refuse_beside_another(session: Session, row: Import) -> None:
    """Readers of an unfinished import would count as subscribed here and be lost if it were
    abandoned.
    """
    other = session.scalar(
        select(Import.id).where(
            Import.newsletter_id == row.newsletter_id,
            Import.id != row.id,
            or_(
                Import.state == ImportState.MERGING,
                and_(Import.state == ImportState.ABANDONED, Import.finished_at.is_(None)),
            ),
        )
    )
    if other is not None:
        raise Refused(f"import {other} has begun to merge: finish or abandon it first")


def take_import(session: Session, import_id: int) -> Import:
    """Return an import, locked where the database can; NotFound when there is none."""
    row = session.get(Import, import_id, with_for_update=True)
    if row is None:
        raise NotFound(f"no import has the number {import_id}")
    return row


def _merge_steps(
    db: Database,
    staged: StagedImport,
    staging: StagingFile,
    clock: Clock,
    progress: Progress,
    random_id: RandomId,
) -> None:
    tally = staging.tally()
    if tally is None or not tally.complete or tally.import_id != staged.import_id:
        raise Refused(f"{staged.staging_path} is not complete: stage the file again")
    with db.read() as session:
        last_row = session.get_one(Import, staged.import_id).merged_rows
    step, total = FIRST_STEP_ROWS, staging.count()
    done = total - staging.count_after(last_row)
    while rows := staging.rows_after(last_row, step):
        with db.write() as session:
            began = clock.monotonic()
            _merge_step(session, staged, rows, last_row, clock.now(), random_id)
        step = next_step_rows(step, clock.monotonic() - began)
        last_row = rows[-1].row
        done += len(rows)
        progress(done, total)


def next_step_rows(rows: int, seconds: float) -> int:
    """Return how many rows to take next: half, as many or twice as in a step of so many seconds.

    Few sizes, because every new one costs SQLAlchemy and SQLite the preparing of its statements.
    """
    if seconds > LONGEST_STEP_SECONDS:
        return max(rows // 2, FEWEST_STEP_ROWS)
    return min(rows * 2, MOST_STEP_ROWS) if seconds < SHORT_STEP_SECONDS else rows


def _merge_step(
    session: Session,
    staged: StagedImport,
    rows: Sequence[StagedRow],
    last_row: int,
    now: datetime,
    random_id: RandomId,
) -> None:
    """Merge some rows and write, in the same transaction, that they are merged."""
    book = take_import(session, staged.import_id)
    if book.state is not ImportState.MERGING or book.merged_rows != last_row:
        raise Conflict("somebody else is merging or has abandoned this import")
    places = find_places(session, rows, staged.newsletter_id, staged.import_id)
    new = {
        row: place.subscriber_id
        for row, place in zip(rows, places, strict=True)
        if place.standing is Standing.NEW
    }
    subscribers = _add_subscribers(session, new, now, random_id)
    added = _add_subscriptions(session, staged, subscribers, now, random_id)
    _add_evidence(session, staged, added, now)
    counts = Counter(place.standing.value for place in places)
    merged = Counter(book.counts.get("merged", {})) + counts
    book.counts = {**book.counts, "merged": dict(merged)}
    book.merged_rows = rows[-1].row


def _add_subscribers(
    session: Session, new: dict[StagedRow, int | None], now: datetime, random_id: RandomId
) -> dict[int, StagedRow]:
    """Return the rows by subscriber id; subscribers that are missing are made."""
    known = {subscriber_id: row for row, subscriber_id in new.items() if subscriber_id is not None}
    missing = {
        row.address_index: row for row, subscriber_id in new.items() if subscriber_id is None
    }
    if not missing:
        return known
    values = [
        {
            "public_id": random_id(),
            "address_index": row.address_index,
            "address_sealed": row.address_sealed,
            "name_sealed": row.name_sealed,
            "created_at": now,
        }
        for row in missing.values()
    ]
    session.execute(insert_new(session, Subscriber), values)
    made = session.execute(
        select(Subscriber.id, Subscriber.address_index).where(Subscriber.address_index.in_(missing))
    )
    return known | {subscriber_id: missing[index] for subscriber_id, index in made}


def _add_subscriptions(
    session: Session,
    staged: StagedImport,
    subscribers: dict[int, StagedRow],
    now: datetime,
    random_id: RandomId,
) -> dict[int, StagedRow]:
    """Make the subscriptions, marked with the import; return the rows of the really new."""
    if not subscribers:
        return {}
    values = [
        {
            "public_id": random_id(),
            "subscriber_id": subscriber_id,
            "newsletter_id": staged.newsletter_id,
            "state": SubscriptionState.ACTIVE,
            "language": row.language,
            "timezone": row.timezone,
            "domain_group": row.domain_group,
            "import_id": staged.import_id,
            "joined_at": _joined_at(row, now),
            "changed_at": now,
        }
        for subscriber_id, row in subscribers.items()
    ]
    made = session.scalars(
        insert_new(session, Subscription).returning(Subscription.subscriber_id), values
    )
    return {subscriber_id: subscribers[subscriber_id] for subscriber_id in made}


def _joined_at(row: StagedRow, now: datetime) -> datetime:
    """Return the earliest time in the row that needs no guessing, never one to come."""
    return min(filter(None, (read_time(row.joined), read_time(row.confirmed), now)))


def _add_evidence(
    session: Session, staged: StagedImport, added: dict[int, StagedRow], now: datetime
) -> None:
    origin = import_origin(staged.import_id)
    events = []
    for subscriber_id, row in added.items():
        evidence: dict[str, str | int] = {"file": staged.file_digest, "row": row.row}
        evidence |= {"joined": row.joined} if row.joined else {}
        evidence |= {"confirmed": row.confirmed} if row.confirmed else {}
        events.append((subscriber_id, Circumstances(now, origin, evidence=evidence)))
    consent.record_many(session, ConsentKind.IMPORTED, staged.newsletter_id, events)


def import_origin(import_id: int) -> str:
    """Return how evidence names the import it came by."""
    return f"import {import_id}"


def _flip(db: Database, import_id: int, now: datetime) -> None:
    """Show everything this import brought, in one transaction."""
    with db.write() as session:
        book = take_import(session, import_id)
        if book.state is not ImportState.MERGING:
            raise Conflict("somebody else has finished or abandoned this import")
        shown: Any = session.execute(
            update(Subscription)
            .where(Subscription.import_id == import_id)
            .values(import_id=None)
            .execution_options(synchronize_session=False)
        )
        book.counts = {**book.counts, "added": shown.rowcount}
        book.state = ImportState.DONE
        book.finished_at = now


def _report(db: Database, import_id: int) -> ImportReport:
    with db.read() as session:
        counts = session.get_one(Import, import_id).counts
    merged, added = counts.get("merged", {}), counts["added"]
    return ImportReport(
        import_id,
        added=added,
        already=merged.get(Standing.ALREADY, 0),
        suppressed=merged.get(Standing.SUPPRESSED, 0),
        left=merged.get(Standing.LEFT, 0),
        withdrawn=merged.get(Standing.NEW, 0) - added,
    )
