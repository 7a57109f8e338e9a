"""The second half of an import: staged readers enter the store in small steps and appear all at
once.

Each step is one transaction of about 20 ms that also writes how far it got, so a kill at any point
loses nothing and the next call goes on. Until the flip of the import's own row no audience sees
what it brought. Never touches a subscription that was there before: nobody who left or is
suppressed comes back.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.errors import Conflict, NotFound, Refused
from digest.models import Import, ImportState
from digest.subscribers.transfer.beside import END, Beside, Stretch, staged_beside
from digest.subscribers.transfer.public_letters import SHARED_LETTERS, letters
from digest.subscribers.transfer.staging import Progress, StagedImport, no_progress
from digest.subscribers.transfer.staging_file import StagingFile, Tally, remove_staging_file
from digest.subscribers.transfer.standing import Standing, count_standings
from digest.subscribers.transfer.step import Step, merge_stretch

WANTED_STEP_SECONDS = 0.018
LEAST_WORK_SECONDS = 0.009  # where committing alone takes long, shorter steps only commit more
SETTLED_ROWS = 3000  # sooner than SQLite does it inside a commit: every 1000 pages
FEWEST_STEP_ROWS = 512  # for fewer, what a step costs by itself would be the greater part
FIRST_STEP_ROWS = 512
MOST_STEP_ROWS = 4096
# Longer than a writer of another program waits between two attempts to get SQLite's lock: without
# this pause it would always find us there again.
PAUSE_SECONDS = 0.001


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
    random_bytes: Callable[[int], bytes] = os.urandom,
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
        merge = _Merge(db, staged, _complete_tally(staged), clock, random_bytes)
        with staged_beside(db, staged.staging_path) as beside:
            merge.run(beside, progress)
        _flip(db, staged.import_id, clock)
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


def _complete_tally(staged: StagedImport) -> Tally:
    with StagingFile(staged.staging_path) as staging:
        tally = staging.tally()
    if tally is None or not tally.complete or tally.import_id != staged.import_id:
        raise Refused(f"{staged.staging_path} is not complete: stage the file again")
    return tally


class _Merge:
    """Walks from stretch to stretch; holds nothing that must outlive the process."""

    def __init__(
        self,
        db: Database,
        staged: StagedImport,
        tally: Tally,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._staged = staged
        self._tally = tally
        self._clock = clock
        self._random_bytes = random_bytes
        with db.read() as session:
            book = session.get_one(Import, staged.import_id)
            self._reached, self._done = _reached(book), book.merged_rows

    def run(self, beside: Beside, progress: Progress) -> None:
        """Merge what is not merged yet; may be stopped between any two steps, and inside one."""
        rows, settled = FIRST_STEP_ROWS, self._done
        while self._reached < END:
            width = END * rows // max(self._tally.readers, 1) + 1
            stretch = Stretch(self._reached, min(self._reached + width, END))
            rows = next_step_rows(rows, *self._step(beside, stretch))
            progress(self._done, self._tally.readers)
            if self._done - settled > SETTLED_ROWS:
                beside.settle()  # pause enough
                settled = self._done
            else:
                time.sleep(PAUSE_SECONDS)

    def _step(self, beside: Beside, stretch: Stretch) -> tuple[float, float]:
        """Merge a stretch and write, in the same transaction, that it is merged; return how many
        seconds the work and the commit took.
        """
        staged = self._staged
        with beside.write(stretch) as session:
            book = take_import(session, staged.import_id)
            began = self._clock.monotonic()
            if (book.state, _reached(book), book.merged_rows) != self._place():
                raise Conflict("somebody else is merging or has abandoned this import")
            ids = (staged.newsletter_id, staged.import_id, self._tally.index_keys)
            (shared,) = letters(self._random_bytes, 1, SHARED_LETTERS)
            step = Step(*ids, stretch, shared, self._clock.now())
            readers, new = merge_stretch(session, step)
            found = Counter({Standing.NEW: new})
            if new < readers:  # what is there now counts as new as well: it is the import's own
                found = count_standings(session, stretch, *ids)
            _note_merged(book, stretch, found)
            session.flush()
            worked = self._clock.monotonic()
        self._reached, self._done = stretch.high, book.merged_rows
        return worked - began, self._clock.monotonic() - worked

    def _place(self) -> tuple[ImportState, int, int]:
        return ImportState.MERGING, self._reached, self._done


def _reached(book: Import) -> int:
    reached: int = book.counts.get("reached", 0)
    return reached


def _note_merged(book: Import, stretch: Stretch, found: Counter[Standing]) -> None:
    merged = Counter(book.counts.get("merged", {}))
    merged.update({standing.value: count for standing, count in found.items()})
    book.counts = {**book.counts, "merged": dict(merged), "reached": stretch.high}
    book.merged_rows += found.total()


def next_step_rows(
    rows: int, working: float, committing: float, fewest: int = FEWEST_STEP_ROWS
) -> int:
    """Return how many rows to take next, after a step of `rows` that worked and committed for so
    many seconds: at most twice and at least half as many, and not fewer than `fewest`.
    """
    seconds = max(WANTED_STEP_SECONDS - committing, LEAST_WORK_SECONDS)
    wanted = int(rows * seconds / working) if working > 0 else MOST_STEP_ROWS
    wanted = min(max(wanted, rows // 2), rows * 2)
    return min(max(wanted, fewest), MOST_STEP_ROWS)


def _flip(db: Database, import_id: int, clock: Clock) -> None:
    """Show everything this import brought, by one row."""
    with db.write() as session:
        book = take_import(session, import_id)
        if book.state is not ImportState.MERGING or _reached(book) != END:
            raise Conflict("somebody else has finished, abandoned or staged anew this import")
        added = book.counts.get("merged", {}).get(Standing.NEW, 0) - book.withdrawn
        book.counts = {**book.counts, "added": added}
        book.state = ImportState.DONE
        book.finished_at = clock.now()


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
