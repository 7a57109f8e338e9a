"""A link that works once works once, whoever uses it again."""

from datetime import UTC, datetime, timedelta

from digest.db import Database
from digest.subscribers.door.spent import forget_spent, is_spent, spend
from digest.tokens import Passing

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
LINK = Passing("f3pub", NOW + timedelta(hours=1), b"d" * 32)


def test_link_is_spent_by_its_first_use(any_db: Database) -> None:
    with any_db.write() as session:
        before = is_spent(session, LINK)
        uses = [spend(session, LINK), spend(session, LINK)]

    assert (before, uses) == (False, [True, False])
    with any_db.read() as session:
        assert is_spent(session, LINK)


def test_use_that_is_rolled_back_spends_nothing(db: Database) -> None:
    try:
        with db.write() as session:
            spend(session, LINK)
            raise LookupError
    except LookupError:
        pass

    with db.read() as session:
        assert not is_spent(session, LINK)


def test_spent_link_is_kept_for_as_long_as_it_would_work(db: Database) -> None:
    with db.write() as session:
        spend(session, LINK)
        forget_spent(session, LINK.until)
        kept = is_spent(session, LINK)
        forget_spent(session, LINK.until + timedelta(seconds=1))
        session.expire_all()

        assert (kept, is_spent(session, LINK)) == (True, False)
