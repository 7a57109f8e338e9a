"""A file is staged sealed, counted against the store, resumed after a kill, and changes nobody."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import BadInput, Conflict
from digest.keys import KeyRing, new_key_ring
from digest.models import ConsentEvent, Import, ImportState, Subscriber, SuppressionReason
from digest.sealed import Sealer
from digest.subscribers.suppression import suppress
from digest.subscribers.transfer.merge import merge_import
from digest.subscribers.transfer.reading import BLOCK_ROWS
from digest.subscribers.transfer.rows import RowProblem
from digest.subscribers.transfer.staging_file import StagingFile

COUNT = 2 * BLOCK_ROWS + 5
MANY = "email\n" + "".join(f"reader{number}@example.org\n" for number in range(COUNT))


def test_staging_counts_every_row_once(
    any_db: Database, sealer: Sealer, clock: FixedClock, newsletter_in: Any, reader: Any, stage: Any
) -> None:
    newsletter_id = newsletter_in(any_db)
    with any_db.write() as session:
        for state in ("active", "paused", "pending", "left"):
            reader(session, newsletter_id, f"{state}@x.org", state)
        suppress(session, sealer, "bad@x.org", SuppressionReason.BOUNCED, now=clock.now())
    counts = stage(
        any_db,
        newsletter_id,
        "email,status\nnew@x.org,\nNEW@x.org,\nactive@x.org,\npaused@x.org,\npending@x.org,\n"
        "left@x.org,\nbad@x.org,\ncleaned@x.org,cleaned\nno address,\n",
    ).counts

    assert (counts.rows, counts.duplicates, counts.bad, counts.inactive) == (9, 1, 1, 0)
    assert (counts.new, counts.already, counts.left, counts.suppressed) == (1, 3, 1, 1)
    assert (counts.gone, counts.barred) == (0, 1)


def test_staging_lists_problems_by_row(db: Database, newsletter_id: int, stage: Any) -> None:
    staged = stage(db, newsletter_id, "email,language\nanna@x.org,en\nanna,en\neva@x.org,English\n")

    assert staged.problems == (
        RowProblem(3, "address", "not an e-mail address"),
        RowProblem(4, "language", "not a language tag such as en or pt-BR"),
    )


def test_staging_lists_only_the_first_hundred_problems(
    db: Database, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, "email\n" + "anna\n" * 150)

    assert (len(staged.problems), staged.counts.bad) == (100, 150)


def test_staging_adds_no_subscriber(db: Database, newsletter_id: int, stage: Any) -> None:
    staged = stage(db, newsletter_id, "email\nanna@x.org\n")
    with db.read() as session:
        row = session.get_one(Import, staged.import_id)

        assert session.scalar(select(func.count()).select_from(Subscriber)) == 0
        assert (row.state, row.counts["staged"]["new"]) == (ImportState.STAGED, 1)


def test_staging_file_is_sealed_and_private(
    db: Database, newsletter_id: int, stage: Any, folder: Path
) -> None:
    staged = stage(db, newsletter_id, "email,name\nanna@example.org,Sidonie Quill\n")
    stored = b"".join(path.read_bytes() for path in folder.iterdir())

    assert staged.staging_path.stat().st_mode & 0o777 == 0o600
    assert b"anna" not in stored
    assert b"Quill" not in stored


def test_staging_goes_on_where_it_was_killed(db: Database, newsletter_id: int, stage: Any) -> None:
    read = []

    def killed(done: int, total: int) -> None:
        read.append((done, total))
        if len(read) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stage(db, newsletter_id, MANY, progress=killed)
    staged = stage(db, newsletter_id, MANY, progress=killed)

    assert (staged.counts.rows, staged.counts.new, staged.counts.duplicates) == (COUNT, COUNT, 0)
    assert len(read) == 4  # two blocks, the last block, the end: no block was read twice
    assert read[-1] == (len(MANY), len(MANY))


def test_staging_again_is_the_same_import(db: Database, newsletter_id: int, stage: Any) -> None:
    assert stage(db, newsletter_id, MANY) == stage(db, newsletter_id, MANY)


def test_staging_a_file_in_use_is_a_conflict(db: Database, newsletter_id: int, stage: Any) -> None:
    staged = stage(db, newsletter_id, MANY)

    with StagingFile(staged.staging_path), pytest.raises(Conflict, match="another process"):
        stage(db, newsletter_id, MANY)


def test_staging_file_that_is_damaged_is_bad_input(
    db: Database, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, MANY)
    staged.staging_path.write_bytes(b"x" * 9000)

    with pytest.raises(BadInput, match="damaged"):
        stage(db, newsletter_id, MANY)


def test_staging_finds_suppressions_under_a_retired_index_key(
    db: Database, sealer: Sealer, keys: KeyRing, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    with db.write() as session:
        suppress(session, sealer, "anna@x.org", SuppressionReason.MANUAL, now=clock.now())
    after = Sealer(replace(keys, index=(*new_key_ring().index, *keys.index)))
    counts = stage(db, newsletter_id, "email\nanna@x.org\neva@x.org\n", sealer=after).counts

    assert (counts.suppressed, counts.new) == (1, 1)


def test_address_in_two_blocks_is_staged_as_its_first_row_has_it(
    db: Database, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    content = MANY.replace("email\n", "email\nAnna@x.org\n", 1) + "anna@x.org\nANNA@x.org\n"
    staged = stage(db, newsletter_id, content)
    report = merge_import(db, staged, clock=clock)
    with db.read() as session:
        evidence = session.scalars(select(ConsentEvent.evidence)).all()

    assert (staged.counts.duplicates, staged.counts.new, report.added) == (2, COUNT + 1, COUNT + 1)
    assert sorted(each["row"] for each in evidence) == list(range(2, COUNT + 3))


def test_staging_file_of_an_older_program_is_filled_anew(
    db: Database, newsletter_id: int, stage: Any
) -> None:
    staged = stage(db, newsletter_id, "email\nanna@x.org\n")
    with closing(sqlite3.connect(staged.staging_path)) as older:
        older.executescript("DROP TABLE staged; CREATE TABLE staged (row); PRAGMA user_version = 0")

    assert stage(db, newsletter_id, "email\nanna@x.org\n").counts.new == 1


def test_file_staged_under_other_index_keys_is_staged_anew(
    db: Database, keys: KeyRing, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    stage(db, newsletter_id, "email\nanna@x.org\neva@x.org\n")
    rotated = Sealer(replace(keys, index=(*new_key_ring().index, *keys.index)))
    with db.write() as session:
        suppress(session, rotated, "anna@x.org", SuppressionReason.MANUAL, now=clock.now())
    counts = stage(db, newsletter_id, "email\nanna@x.org\neva@x.org\n", sealer=rotated).counts

    assert (counts.suppressed, counts.new) == (1, 1)
