"""The first half of an import: a file is read, judged and sealed into a staging file; the store
stays as it is.

Doubles as the dry run: the counts say what a merge would do. May be killed and called again with
the same file: it goes on where it was. Writes nothing to the store but the `Import` row.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.errors import NotFound, Refused
from digest.models import Import, ImportState, Subscriber, Suppression
from digest.sealed import Sealer
from digest.subscribers.transfer.beside import END, Stretch, staged_beside
from digest.subscribers.transfer.bundle import Asked, Bundle, open_bundle
from digest.subscribers.transfer.fates import Fate
from digest.subscribers.transfer.providers import PLAIN_CSV
from digest.subscribers.transfer.reading import LEFT, Block, PlainReader, Source, judged_blocks
from digest.subscribers.transfer.restraining import count_restrained
from digest.subscribers.transfer.rows import RowProblem
from digest.subscribers.transfer.sealing import hash_marks, is_foreign_hash, seal_block
from digest.subscribers.transfer.staging_file import StagingFile, Tally
from digest.subscribers.transfer.standing import Standing, count_standings

Progress = Callable[[int, int], None]

COUNTED_ROWS = 4000  # in one go, when a file is looked through again
LISTED_PROBLEMS = 100
UNDER_WAY = (ImportState.STAGED, ImportState.MERGING)
USUAL_WAY = Asked()


@dataclass(frozen=True, slots=True)
class StagedCounts:
    """What is in the file and what a merge would do with it, as the store was when this was
    counted.

    rows = duplicates + bad + inactive + new + already + suppressed + left + gone + barred.
    """

    rows: int  # with something in them, the header left out
    duplicates: int  # an address that an earlier row has
    bad: int
    inactive: int  # neither to be mailed nor barred: never confirmed, put away
    new: int
    already: int  # subscribed: active, paused or still to confirm
    suppressed: int
    left: int  # once subscribed here and gone; an import never brings them back
    gone: int = 0  # left the old provider, or were taken off its list
    barred: int = 0  # bounced, complained or blocked there: suppressed here
    ended: int = 0  # of these two, readers here whom the import unsubscribes or suppresses
    spared: int = 0  # of these two, readers here who have asked us for it since

    @property
    def good(self) -> int:
        """Return how many different people the file has."""
        return self.new + self.already + self.suppressed + self.left + self.gone + self.barred


@dataclass(frozen=True, slots=True)
class Said:
    """How many rows said a word of themselves, such as ``cleaned``, and which fate that is; None:
    left out.
    """

    word: str
    fate: Fate | None
    rows: int


@dataclass(frozen=True, slots=True)
class StagedImport:
    """A file ready to be merged: the import's id, the staging file, counts, the first problems,
    notes; `columns` are those of our own fields that the file has, in our words, `title` says whose
    export it is, `said` what its rows say of themselves.
    """

    import_id: int
    newsletter_id: int
    file_digest: str
    staging_path: Path
    counts: StagedCounts
    problems: tuple[RowProblem, ...]
    notes: tuple[str, ...]
    columns: tuple[str, ...] = ()
    title: str = PLAIN_CSV.title
    said: tuple[Said, ...] = ()


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
    asked: Asked = USUAL_WAY,
    progress: Progress = no_progress,
    random_bytes: Callable[[int], bytes] = os.urandom,
) -> StagedImport:
    """Read an export (a CSV file, a zip file of them or a folder) into a staging file in `folder`
    and report what merging it would do.

    `progress` is told bytes read and bytes in all. BadInput names the file and the row that cannot
    be read, or asks what cannot be found out; Conflict while another process is at work on the same
    file.
    """
    bundle = open_bundle(path, asked)
    staging_path = _staging_path(folder, newsletter_id, bundle.digest)
    with StagingFile(staging_path) as staging:
        import_id = _open_import(db, newsletter_id, bundle.digest, clock)
        tally, fresh = staging.tally(), _fresh_tally(import_id, sealer)
        if tally is None or (tally.import_id, tally.keys_digest) != (import_id, fresh.keys_digest):
            tally = fresh
            with db.write() as session:
                _forget_merged(session, import_id)
            staging.restart(tally)
        if not tally.complete:
            staging.name_files(bundle.names)
            staging.add_texts(bundle.texts)
            tally = _Reading(staging, bundle.source, sealer, random_bytes).stage(tally, progress)
        problems = staging.problems(LISTED_PROBLEMS)
    counts, said = _count(db, staging_path, tally, newsletter_id), _said(tally.said)
    with db.write() as session:
        _note_counts(session, import_id, counts, bundle, tally.said)
    return StagedImport(
        *(import_id, newsletter_id, bundle.digest, staging_path, counts, problems, bundle.notes),
        *(bundle.columns, bundle.title, said),
    )


def _said(text: str) -> tuple[Said, ...]:
    """Return what a tally keeps of the words that rows said, the commonest first."""
    found = [
        Said(word, None if fate is None else Fate(fate), rows)
        for word, fate, rows in json.loads(text)
    ]
    return tuple(sorted(found, key=lambda each: -each.rows))


def reopen_staged(db: Database, import_id: int, folder: Path) -> StagedImport:
    """Return an import whose file was staged in `folder`, as `stage_csv` did, without the file; its
    notes are not kept. The counts are those of the staging.

    NotFound when there is no such import under way or its staging file is gone, Refused while the
    file was not read to its end, Conflict while somebody is at work on it.
    """
    with db.read() as session:
        book = session.get(Import, import_id)
    if book is None or book.state not in UNDER_WAY:
        raise NotFound(f"no import under way has the number {import_id}")
    path = staging_path_of(book, folder)
    if not path.exists():
        raise NotFound(f"the staging file of import {import_id} is gone: bring the file again")
    if "staged" not in book.counts:
        raise Refused(f"import {import_id} was not read to its end: bring the file again")
    with StagingFile(path) as staging:
        problems = staging.problems(LISTED_PROBLEMS)
    kept = book.counts
    return StagedImport(
        *(import_id, book.newsletter_id, book.file_digest, path),
        *(StagedCounts(**kept["staged"]), problems, ()),
        columns=tuple(kept.get("columns", ())),
        title=kept.get("title", PLAIN_CSV.title),
        said=_said(kept.get("said", "[]")),
    )


def list_under_way(session: Session, newsletter_id: int) -> Sequence[Import]:
    """Return a newsletter's imports that are neither done nor taken back, the oldest first."""
    taking_back = and_(Import.state == ImportState.ABANDONED, Import.finished_at.is_(None))
    theirs = select(Import).where(
        Import.newsletter_id == newsletter_id, or_(Import.state.in_(UNDER_WAY), taking_back)
    )
    return session.scalars(theirs.order_by(Import.id)).all()


def staging_path_of(book: Import, folder: Path) -> Path:
    """Return where the staging file of an import lies, or would lie, in `folder`."""
    return _staging_path(folder, book.newsletter_id, book.file_digest)


def _staging_path(folder: Path, newsletter_id: int, file_digest: str) -> Path:
    return folder / f"import-{newsletter_id}-{file_digest[:32]}.sqlite3"


def _open_import(db: Database, newsletter_id: int, digest: str, clock: Clock) -> int:
    """Return the id of the import of this file that is under way, or of a new one."""
    with db.write() as session:
        found = session.scalar(
            select(Import.id)
            .where(
                Import.newsletter_id == newsletter_id,
                Import.file_digest == digest,
                Import.state.in_(UNDER_WAY),
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


def _fresh_tally(import_id: int, sealer: Sealer) -> Tally:
    """Return the tally of a file not yet read. What was staged under other index keys is of no use:
    it would miss suppressions written since.
    """
    indexes = sealer.indexes("")
    digest = hashlib.sha256(b"".join(indexes)).hexdigest()
    return Tally(import_id, index_keys=len(indexes), keys_digest=digest)


def _forget_merged(session: Session, import_id: int) -> None:
    """Let a merge that was under way begin anew: with a new staging file, and perhaps a new index
    key, the place it reached means nothing. What is in the store already is not made twice.
    """
    book = session.get_one(Import, import_id, with_for_update=True)
    kept = book.counts.keys() & {"staged", "columns", "title", "said"}
    book.counts = {key: book.counts[key] for key in kept}
    book.merged_rows = book.withdrawn = 0


class _Reading:
    """One file being read into a staging file, block by block."""

    def __init__(
        self,
        staging: StagingFile,
        source: Source,
        sealer: Sealer,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._staging = staging
        self._source = source
        self._sealer = sealer
        self._random_bytes = random_bytes

    def stage(self, tally: Tally, progress: Progress) -> Tally:
        """Read on from where the tally is to the end of the file; return the tally there."""
        total = self._source.size()
        with closing(judged_blocks(self._source, tally.last_row)) as blocks:
            for block in blocks:
                readers = self._known_only(block.readers)
                tally = _counted(tally, block, len(readers))
                sealed = seal_block(self._sealer, readers, self._random_bytes)
                self._staging.add(sealed, block.problems, tally)
                progress(block.byte, total)
        tally = tally._replace(readers=_drop_repeated(self._staging, tally), complete=1)
        self._staging.write_tally(tally)
        progress(total, total)
        return tally

    def _known_only(self, readers: list[PlainReader]) -> list[PlainReader]:
        """Leave out hashes that another instance's key made: nobody here can be found by them."""
        if all(reader[1] for reader in readers):
            return readers
        marks = hash_marks(self._sealer)
        return [each for each in readers if each[1] or not is_foreign_hash(each[2], marks)]


def _counted(tally: Tally, block: Block, readers: int) -> Tally:
    """Return a tally with a block more, of whose people so many are of use."""
    problems = len(block.problems)
    said = Counter({(word, fate): rows for word, fate, rows in json.loads(tally.said)})
    said.update(dict(block.said))
    restrained = sum(rows for (_, fate), rows in block.said if fate is not None and fate >= LEFT)
    return tally._replace(
        last_row=block.last_row,
        rows=tally.rows + block.rows,
        understood=tally.understood + readers,
        bad=tally.bad + problems,
        inactive=tally.inactive + block.rows - readers - problems,
        restrained=tally.restrained + restrained,
        kept=tally.kept + block.kept,
        said=json.dumps([[*key, rows] for key, rows in said.items()]),
    )


def _drop_repeated(staging: StagingFile, tally: Tally) -> int:
    """Leave of each address in several blocks only the first; return how many there are."""
    has_fates = bool(tally.restrained or tally.kept)
    stretches = _stretches(tally.understood)
    return sum(staging.drop_repeated(*each.bounds(), has_fates=has_fates) for each in stretches)


def _stretches(rows: int) -> Iterator[Stretch]:
    """Yield all there is in stretches of about COUNTED_ROWS readers."""
    width = END * COUNTED_ROWS // max(rows, COUNTED_ROWS)
    for low in range(0, END, width):
        yield Stretch(low, min(low + width, END))


def _count(db: Database, path: Path, tally: Tally, newsletter_id: int) -> StagedCounts:
    found = Counter[Standing]()
    if not tally.restrained and _knows_nobody(db):  # a million questions with one answer
        found[Standing.NEW] = tally.readers
        return _as_counts(tally, found)
    with staged_beside(db, path) as beside:
        for stretch in _stretches(tally.readers):
            with beside.read(stretch) as session:
                ids = (newsletter_id, tally.import_id, tally.index_keys)
                found.update(count_standings(session, stretch, *ids))
                if tally.restrained:
                    found.update(count_restrained(session, stretch, *ids))
    return _as_counts(tally, found)


def _knows_nobody(db: Database) -> bool:
    with db.read() as session:
        rows = (select(Subscriber.id).limit(1), select(Suppression.id).limit(1))
        return all(session.scalar(row) is None for row in rows)


def _as_counts(tally: Tally, found: Counter[Standing]) -> StagedCounts:
    return StagedCounts(
        rows=tally.rows,
        duplicates=tally.understood - tally.readers,
        bad=tally.bad,
        inactive=tally.inactive,
        new=found[Standing.NEW],
        already=found[Standing.ALREADY],
        suppressed=found[Standing.SUPPRESSED],
        left=found[Standing.LEFT],
        gone=found[Standing.GONE],
        barred=found[Standing.BARRED],
        ended=found[Standing.ENDED],
        spared=found[Standing.SPARED],
    )


def _note_counts(
    session: Session, import_id: int, counts: StagedCounts, bundle: Bundle, said: str
) -> None:
    """Keep the counts of the dry run with the import, beside those of a merge that has begun."""
    row = session.get_one(Import, import_id, with_for_update=True)
    told = {"columns": [*bundle.columns], "title": bundle.title, "said": said}
    row.counts = {**row.counts, "staged": asdict(counts), **told}


def list_staging_files(folder: Path) -> list[Path]:
    """Return the files of imports that were begun and neither done nor abandoned."""
    return sorted(folder.glob("import-*.sqlite3"))
