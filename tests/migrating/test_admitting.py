"""A newer program may let older ones in, until somebody migrates; otherwise they stay out."""

import pytest
from sqlalchemy import text

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import BadInput, SchemaUnfit
from digest.migrating import admit, migrate
from digest.migrating.foreseeing import pending_steps
from digest.models import InstanceValue
from digest.revisions import ADMITTED, check_schema, known_revisions, why_moved

NEWEST = known_revisions()[-1]


def make_newer(database: Database, admitted: str | None, clock: FixedClock) -> None:
    """What a program with one more step leaves behind."""
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        if admitted is not None:
            session.add(InstanceValue(name=ADMITTED, value=admitted, at=clock.now()))


def admitted_in(database: Database) -> str | None:
    with database.read() as session:
        value = session.get(InstanceValue, ADMITTED)
        return value.value if value else None


def test_newer_store_says_how_to_come_back(any_db: Database, clock: FixedClock) -> None:
    make_newer(any_db, None, clock)

    with pytest.raises(SchemaUnfit, match="at revision 9999, which is newer") as caught:
        check_schema(any_db)

    assert f"digest migrate --admit {NEWEST}" in str(caught.value)
    assert str(why_moved(any_db)) == str(caught.value)


@pytest.mark.parametrize("admitted", ["0001", NEWEST])
def test_newer_store_that_lets_this_program_in_is_fit(
    any_db: Database, clock: FixedClock, admitted: str
) -> None:
    make_newer(any_db, admitted, clock)

    check_schema(any_db)

    assert why_moved(any_db) is None


def test_newer_store_that_lets_only_newer_ones_in_is_refused(
    any_db: Database, clock: FixedClock
) -> None:
    make_newer(any_db, "9998", clock)

    with pytest.raises(SchemaUnfit, match="newer than this program"):
        check_schema(any_db)


def test_older_program_that_was_let_in_migrates_nothing_and_stays_in(
    any_db: Database, clock: FixedClock
) -> None:
    make_newer(any_db, NEWEST, clock)

    migrate(any_db)

    assert pending_steps(any_db) == []
    assert admitted_in(any_db) == NEWEST


def test_admitting_is_kept_until_the_newest_program_migrates(
    any_db: Database, clock: FixedClock
) -> None:
    admit(any_db, "0003", clock)
    admit(any_db, "0002", clock)
    assert admitted_in(any_db) == "0002"

    migrate(any_db)

    assert admitted_in(any_db) is None


def test_admitting_ones_own_revision_writes_nothing(any_db: Database, clock: FixedClock) -> None:
    admit(any_db, NEWEST, clock)

    assert admitted_in(any_db) is None


def test_admitting_a_revision_nobody_knows_is_refused(db: Database, clock: FixedClock) -> None:
    with pytest.raises(BadInput, match="knows no revision 9999"):
        admit(db, "9999", clock)


def test_store_of_another_program_is_not_asked_for_a_word(empty_db: Database) -> None:
    with empty_db.write() as session:
        session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        session.execute(text("INSERT INTO alembic_version VALUES ('f00d')"))

    with pytest.raises(SchemaUnfit, match="f00d, which is newer"):
        check_schema(empty_db)


def test_store_that_cannot_be_asked_has_not_moved(tmp_path: object) -> None:
    database = Database(f"sqlite:///{tmp_path}/no-such-folder/digest.db")

    assert why_moved(database) is None
