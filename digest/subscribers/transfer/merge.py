"""The second half of an import: staged readers enter the store in small steps and appear all at
once.

Those whom the old provider must not mail come first, and hold from their step on, whatever becomes
of the import; then those who join. Each step is one transaction of about 20 ms that also writes how
far it got, so a kill at any point loses nothing and the next call goes on. Until the flip of the
import's own row no audience sees whom it brought. Nobody who left or is suppressed comes back.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.errors import Conflict, NotFound, Refused
from digest.models import Import, ImportState
from digest.subscribers.transfer.beside import END, Beside, Stretch, staged_beside
from digest.subscribers.transfer.public_letters import SHARED_LETTERS, letters
from digest.subscribers.transfer.restraining import restrain_stretch
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
RESTRAINED, JOINING = "restrained", "reached"  # the passes, as the import's counts name them
OF_OTHERS = (Standing.ENDED, Standing.SPARED)  # counts of people counted already
# Longer than a writer of another program waits between two attempts to get SQLite's lock: without
# this pause it would always find us there again.
PAUSE_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `withdrawn` left, were erased or asked anew between their merge and the
    flip. `gone` had left the old provider and `barred` must not be mailed; of them `ended` were
    readers here until now, and `spared` stay readers by their own newer consent.
    """

    import_id: int
    added: int
    already: int
    suppressed: int
    left: int
    withdrawn: int
    gone: int = 0
    barred: int = 0
    ended: int = 0
    spared: int = 0


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
        with StagingFile(staged.staging_path) as staging:
            self._texts = staging.texts()
        with db.read() as session:
            book = session.get_one(Import, staged.import_id)
            self._reached, self._done = _all_reached(book), book.merged_rows

    def run(self, beside: Beside, progress: Progress) -> None:
        """Merge what is not merged yet; may be stopped between any two steps, and inside one."""
        if self._tally.restrained:
            self._pass(beside, progress, RESTRAINED)
        self._pass(beside, progress, JOINING)

    def _pass(self, beside: Beside, progress: Progress, which: str) -> None:
        rows, settled = FIRST_STEP_ROWS, self._done
        while (reached := self._reached[which]) < END:
            width = END * rows // max(self._tally.readers, 1) + 1
            stretch = Stretch(reached, min(reached + width, END))
            rows = next_step_rows(rows, *self._step(beside, stretch, which))
            progress(self._done, self._tally.readers)
            if self._done - settled > SETTLED_ROWS:
                beside.settle()  # pause enough
                settled = self._done
            else:
                time.sleep(PAUSE_SECONDS)

    def _step(self, beside: Beside, stretch: Stretch, which: str) -> tuple[float, float]:
        """Merge a stretch and write, in the same transaction, that it is merged; return how many
        seconds the work and the commit took.
        """
        with beside.write(stretch) as session:
            book = take_import(session, self._staged.import_id)
            began = self._clock.monotonic()
            if (book.state, _all_reached(book), book.merged_rows) != self._place():
                raise Conflict("somebody else is merging or has abandoned this import")
            step = self._new_step(stretch)
            found = restrain_stretch(session, step) if which == RESTRAINED else _join(session, step)
            _note_merged(book, which, stretch, found)
            session.flush()
            worked = self._clock.monotonic()
        self._reached, self._done = _all_reached(book), book.merged_rows
        return worked - began, self._clock.monotonic() - worked

    def _new_step(self, stretch: Stretch) -> Step:
        staged, tally = self._staged, self._tally
        (shared,) = letters(self._random_bytes, 1, SHARED_LETTERS)
        return Step(
            *(staged.newsletter_id, staged.import_id, tally.index_keys),
            *(stretch, shared, self._clock.now()),
            has_kept=bool(tally.kept),
            all_join=not (tally.restrained or tally.kept),
            texts=self._texts,
        )

    def _place(self) -> tuple[ImportState, Mapping[str, int], int]:
        return ImportState.MERGING, self._reached, self._done


def _join(session: Session, step: Step) -> Counter[Standing]:
    readers, new = merge_stretch(session, step)
    if new == readers:
        return Counter({Standing.NEW: new})
    # What is there now counts as new as well: it is the import's own.
    ids = (step.newsletter_id, step.import_id, step.index_keys)
    return count_standings(session, step.stretch, *ids)


def _all_reached(book: Import) -> Mapping[str, int]:
    """Return how far each pass got, by the name it has in the import's counts."""
    return {which: book.counts.get(which, 0) for which in (RESTRAINED, JOINING)}


def _note_merged(book: Import, which: str, stretch: Stretch, found: Counter[Standing]) -> None:
    merged = Counter(book.counts.get("merged", {}))
    merged.update({standing.value: count for standing, count in found.items()})
    book.counts = {**book.counts, "merged": dict(merged), which: stretch.high}
    book.merged_rows += sum(count for each, count in found.items() if each not in OF_OTHERS)


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
        if book.state is not ImportState.MERGING or book.counts.get(JOINING, 0) != END:
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
        **{each.value: merged.get(each, 0) for each in (Standing.GONE, Standing.BARRED)},
        **{each.value: merged.get(each, 0) for each in OF_OTHERS},
    )
