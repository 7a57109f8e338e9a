"""An import is gone on with by its number alone, and taken back when its file is gone."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import BadInput, NotFound, Refused
from digest.models import Import, ImportState, Subscriber
from digest.subscribers.transfer.abandon import take_back_import
from digest.subscribers.transfer.merge import merge_import
from digest.subscribers.transfer.staging import list_under_way, reopen_staged
from tests.subscribers.transfer.conftest import Stage

LIST = "email,joined\nanna@example.org,2024-03-01\nben@example.org,\nnobody,\n"
LONG = "email\n" + "".join(f"r{number}@example.org\n" for number in range(2000))


@pytest.fixture
def newsletter_id(any_db: Database, newsletter_in: Callable[..., int]) -> int:
    return newsletter_in(any_db)


def readers(db: Database) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Subscriber)) or 0


def under_way(db: Database, newsletter_id: int) -> list[tuple[int, ImportState]]:
    with db.read() as session:
        return [(book.id, book.state) for book in list_under_way(session, newsletter_id)]


def merge_a_part(db: Database, staged, clock: FixedClock) -> None:
    def halt(done: int, _total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        merge_import(db, staged, clock=clock, progress=halt)


def test_reopened_is_what_was_staged(
    any_db: Database, newsletter_id: int, stage: Stage, folder: Path, clock: FixedClock
) -> None:
    staged = stage(any_db, newsletter_id, LIST)
    again = reopen_staged(any_db, staged.import_id, folder)

    assert again == staged
    assert again.columns == ("address", "joined")
    assert merge_import(any_db, again, clock=clock).added == 2


def test_half_merged_import_goes_on(
    any_db: Database, newsletter_id: int, stage: Stage, folder: Path, clock: FixedClock
) -> None:
    staged = stage(any_db, newsletter_id, LONG)
    merge_a_part(any_db, staged, clock)
    assert under_way(any_db, newsletter_id) == [(staged.import_id, ImportState.MERGING)]
    again = reopen_staged(any_db, staged.import_id, folder)

    assert merge_import(any_db, again, clock=clock).added == 2000
    assert under_way(any_db, newsletter_id) == []


def test_half_merged_import_is_taken_back_without_its_file(
    any_db: Database, newsletter_id: int, stage: Stage, folder: Path, clock: FixedClock
) -> None:
    staged = stage(any_db, newsletter_id, LONG)
    merge_a_part(any_db, staged, clock)
    staged.staging_path.unlink()
    with pytest.raises(NotFound, match="is gone"):
        reopen_staged(any_db, staged.import_id, folder)
    take_back_import(any_db, staged.import_id, folder, clock=clock)

    assert readers(any_db) == 0
    assert under_way(any_db, newsletter_id) == []
    with pytest.raises(NotFound):
        reopen_staged(any_db, staged.import_id, folder)


def test_import_half_taken_back_is_still_under_way(
    any_db: Database, newsletter_id: int, stage: Stage, folder: Path, clock: FixedClock
) -> None:
    staged = stage(any_db, newsletter_id, LONG)
    merge_a_part(any_db, staged, clock)

    def halt(_done: int, _total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        take_back_import(any_db, staged.import_id, folder, clock=clock, progress=halt)
    assert under_way(any_db, newsletter_id) == [(staged.import_id, ImportState.ABANDONED)]
    take_back_import(any_db, staged.import_id, folder, clock=clock)

    assert readers(any_db) == 0
    assert list(folder.iterdir()) == []


def test_file_that_was_not_read_to_its_end_is_no_import(
    any_db: Database, newsletter_id: int, stage: Stage, folder: Path
) -> None:
    with pytest.raises(BadInput):
        stage(any_db, newsletter_id, f'{LIST}"open\n' + "x" * 70_000)
    with any_db.read() as session:
        [book] = session.scalars(select(Import)).all()
    with pytest.raises(Refused, match="not read to its end"):
        reopen_staged(any_db, book.id, folder)


def test_done_import_is_neither_reopened_nor_taken_back(
    any_db: Database, newsletter_id: int, stage: Stage, folder: Path, clock: FixedClock
) -> None:
    staged = stage(any_db, newsletter_id, LIST)
    merge_import(any_db, staged, clock=clock)
    with pytest.raises(NotFound):
        reopen_staged(any_db, staged.import_id, folder)
    with pytest.raises(Refused):
        take_back_import(any_db, staged.import_id, folder, clock=clock)
    with pytest.raises(NotFound):
        take_back_import(any_db, 999, folder, clock=clock)
