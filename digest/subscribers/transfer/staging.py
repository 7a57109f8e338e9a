"""The first half of an import: a file is read, judged and sealed into a staging file; the store
stays as it is.

Doubles as the dry run: the counts say what a merge would do. May be killed and called again with
the same file: it goes on where it was. Writes nothing to the store but the `Import` row.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.models import Import, ImportState
from digest.sealed import Sealer
from digest.subscribers.transfer.csv_file import CsvShape, find_shape, read_rows
from digest.subscribers.transfer.rows import (
    InactiveRow,
    RawRow,
    ReaderRow,
    RowProblem,
    understand,
)
from digest.subscribers.transfer.staging_file import (
    StagedRow,
    StagingFile,
    Tally,
)
from digest.subscribers.transfer.standing import Standing, find_places

Progress = Callable[[int, int], None]

BLOCK_ROWS = 1000
LISTED_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class StagedCounts:
    """What is in the file and what a merge would do with it, as the store was when this was
    counted.

    rows = duplicates + bad + inactive + new + already + suppressed + left.
    """

    rows: int  # with something in them, the header left out
    duplicates: int  # an address that an earlier row has
    bad: int
    inactive: int  # the file itself says that they are not to be mailed
    new: int
    already: int  # subscribed: active, paused or still to confirm
    suppressed: int
    left: int  # once subscribed here and gone; an import never brings them back

    @property
    def good(self) -> int:
        """Return how many different readers the file has."""
        return self.new + self.already + self.suppressed + self.left


@dataclass(frozen=True, slots=True)
class StagedImport:
    """A file ready to be merged: the import's id, the staging file, counts, the first problems,
    notes.
    """

    import_id: int
    newsletter_id: int
    file_digest: str
    staging_path: Path
    counts: StagedCounts
    problems: tuple[RowProblem, ...]
    notes: tuple[str, ...]


def no_progress(_done: int, _total: int) -> None:
    """Take no notice of progress."""


def stage_csv(
    db: Database,
    sealer: Sealer,
    path: Path,
    *,
    newsletter_id: int,
    folder: Path,
    clock: Clock,
    progress: Progress = no_progress,
) -> StagedImport:
    """Read a CSV file into a staging file in `folder` and report what merging it would do.

    `progress` is told bytes read and bytes in all. BadInput names the file and the row that cannot
    be read; Conflict while another process is at work on the same file.
    """
    shape = find_shape(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    staging_path = folder / f"import-{newsletter_id}-{digest[:32]}.sqlite3"
    with StagingFile(staging_path) as staging:
        import_id = _open_import(db, newsletter_id, digest, clock)
        tally = staging.tally()
        if tally is None or tally.import_id != import_id:
            tally = staging.restart(import_id)
        if not tally.complete:
            tally = _stage_rows(staging, sealer, path, shape, tally, progress)
        counts = _count(db, staging, tally, newsletter_id)
        problems = staging.problems(LISTED_PROBLEMS)
    with db.write() as session:
        _note_counts(session, import_id, counts)
    return StagedImport(
        import_id, newsletter_id, digest, staging_path, counts, problems, shape.notes
    )


def _open_import(db: Database, newsletter_id: int, digest: str, clock: Clock) -> int:
    """Return the id of the import of this file that is under way, or of a new one."""
    with db.write() as session:
        found = session.scalar(
            select(Import.id)
            .where(
                Import.newsletter_id == newsletter_id,
                Import.file_digest == digest,
                Import.state.in_([ImportState.STAGED, ImportState.MERGING]),
            )
            .order_by(Import.id)
        )
        if found is not None:
            return found
        made = Import(
            newsletter_id=newsletter_id,
            file_digest=digest,
            state=ImportState.STAGED,
            counts={},
            created_at=clock.now(),
        )
        session.add(made)
        session.flush()
        return made.id


def _stage_rows(
    staging: StagingFile,
    sealer: Sealer,
    path: Path,
    shape: CsvShape,
    tally: Tally,
    progress: Progress,
) -> Tally:
    total = path.stat().st_size
    done = 0

    def note(byte: int) -> None:
        nonlocal done
        done = byte

    read = read_rows(path, shape, at_byte=note)
    last_row = tally.last_row
    unread = (row for row in read if row.row > last_row)
    while block := list(islice(unread, BLOCK_ROWS)):
        tally = _stage_block(staging, sealer, block, tally)
        progress(done, total)
    tally = replace(tally, complete=1)
    staging.add([], [], tally)
    progress(total, total)
    return tally


def _stage_block(
    staging: StagingFile, sealer: Sealer, block: Sequence[RawRow | RowProblem], tally: Tally
) -> Tally:
    judged = [each if isinstance(each, RowProblem) else understand(each) for each in block]
    readers = [_sealed(each, sealer) for each in judged if isinstance(each, ReaderRow)]
    problems = [each for each in judged if isinstance(each, RowProblem)]
    tally = replace(
        tally,
        last_row=block[-1].row,
        rows=tally.rows + len(block),
        understood=tally.understood + len(readers),
        bad=tally.bad + len(problems),
        inactive=tally.inactive + sum(isinstance(each, InactiveRow) for each in judged),
    )
    staging.add(readers, problems, tally)
    return tally


def _sealed(reader: ReaderRow, sealer: Sealer) -> StagedRow:
    current, *retired = sealer.indexes(reader.address.key)
    return StagedRow(
        row=reader.row,
        address_index=current,
        retired_indexes=b"".join(retired),
        address_sealed=sealer.seal(reader.address.address),
        name_sealed=sealer.seal(reader.name) if reader.name else None,
        language=reader.language,
        timezone=reader.timezone,
        domain_group=reader.address.domain_group,
        joined=reader.joined,
        confirmed=reader.confirmed,
    )


def _count(db: Database, staging: StagingFile, tally: Tally, newsletter_id: int) -> StagedCounts:
    found = Counter[Standing]()
    row = 0
    while rows := staging.rows_after(row, BLOCK_ROWS):
        with db.read() as session:
            places = find_places(session, rows, newsletter_id, tally.import_id)
        found.update(place.standing for place in places)
        row = rows[-1].row
    return StagedCounts(
        rows=tally.rows,
        duplicates=tally.understood - found.total(),
        bad=tally.bad,
        inactive=tally.inactive,
        new=found[Standing.NEW],
        already=found[Standing.ALREADY],
        suppressed=found[Standing.SUPPRESSED],
        left=found[Standing.LEFT],
    )


def _note_counts(session: Session, import_id: int, counts: StagedCounts) -> None:
    """Keep the counts of the dry run with the import, beside those of a merge that has begun."""
    row = session.get_one(Import, import_id, with_for_update=True)
    row.counts = {**row.counts, "staged": asdict(counts)}
