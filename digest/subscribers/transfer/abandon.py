"""Taking back an import that was never shown: its subscriptions, its evidence, and subscribers left
with none.

Works in small steps and may be killed and called again. Never touches an import that is done.
"""

from pathlib import Path

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.errors import Refused
from digest.models import ImportState, Subscriber, Subscription
from digest.subscribers import consent
from digest.subscribers.transfer.merge import take_import
from digest.subscribers.transfer.staging import (
    Progress,
    StagedImport,
    no_progress,
    staging_path_of,
)
from digest.subscribers.transfer.staging_file import remove_staging_file
from digest.subscribers.transfer.standing import Standing
from digest.subscribers.transfer.step import import_origin

ABANDON_STEP_ROWS = 200


def abandon_import(
    db: Database, staged: StagedImport, *, clock: Clock, progress: Progress = no_progress
) -> None:
    """Take away everything an unfinished import brought; safe to call again. Refused once it is
    done.

    A reader who left or joined by themselves meanwhile keeps what they did.
    """
    _take_back(db, staged.import_id, clock, progress)
    remove_staging_file(staged.staging_path)


def take_back_import(
    db: Database, import_id: int, folder: Path, *, clock: Clock, progress: Progress = no_progress
) -> None:
    """Do the same to an import by its number, whose file may be gone; its staging file in `folder`
    is removed. NotFound when there is no such import.
    """
    with db.read() as session:
        path = staging_path_of(take_import(session, import_id), folder)
    _take_back(db, import_id, clock, progress)
    remove_staging_file(path)


def _take_back(db: Database, import_id: int, clock: Clock, progress: Progress) -> None:
    with db.write() as session:
        book = take_import(session, import_id)
        if book.state is ImportState.DONE:
            raise Refused("this import is done: its readers are part of the audience")
        book.state = ImportState.ABANDONED
        total = book.counts.get("merged", {}).get(Standing.NEW, 0)
    done = 0
    last: int | None = _before_first(db, import_id)
    while last is not None:
        with db.write() as session:
            last, removed = _abandon_step(session, import_id, last)
        done += removed
        progress(done, max(done, total))
    with db.write() as session:
        take_import(session, import_id).finished_at = clock.now()


def _before_first(db: Database, import_id: int) -> int:
    """Return an id that all of the import come after: looking for the first reads everything, so it
    is done without keeping writers waiting.
    """
    with db.read() as session:
        first = session.scalar(
            select(func.min(Subscription.id)).where(Subscription.import_id == import_id)
        )
    return 0 if first is None else first - 1


def _abandon_step(session: Session, import_id: int, after: int) -> tuple[int | None, int]:
    """Remove some of the import's subscriptions; return the last one's id (None: no more) and how
    many.
    """
    found = session.execute(
        select(Subscription.id, Subscription.subscriber_id)
        .where(Subscription.import_id == import_id, Subscription.id > after)
        .order_by(Subscription.id)
        .limit(ABANDON_STEP_ROWS)
    ).all()
    if not found:
        return None, 0
    subscriber_ids = [row.subscriber_id for row in found]
    consent.forget_import(session, import_origin(import_id), subscriber_ids)
    session.execute(delete(Subscription).where(Subscription.id.in_([row.id for row in found])))
    session.execute(
        delete(Subscriber).where(
            Subscriber.id.in_(subscriber_ids),
            ~exists().where(Subscription.subscriber_id == Subscriber.id),
        )
    )
    return found[-1].id, len(found)
