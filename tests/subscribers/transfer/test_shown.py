"""What an import brought is nobody's until the import is done, in SQL and in Python alike."""

from typing import Any

import pytest
from sqlalchemy import select

from digest.clock import FixedClock
from digest.db import Database
from digest.models import Import, ImportState, Subscription, SubscriptionState
from digest.sealed import Sealer
from digest.subscribers.lifecycle import join
from digest.subscribers.transfer.merge import merge_import
from digest.subscribers.transfer.shown import is_shown, shown, take_out


@pytest.fixture
def imported(db: Database, clock: FixedClock, newsletter_id: int, stage: Any) -> int:
    """The id of an import that brought one reader and is done."""
    staged = stage(db, newsletter_id, "email\nanna@x.org\n")
    merge_import(db, staged, clock=clock)
    return int(staged.import_id)


@pytest.mark.parametrize("state", list(ImportState))
def test_only_a_done_import_is_shown(db: Database, imported: int, state: ImportState) -> None:
    with db.write() as session:
        session.get_one(Import, imported).state = state
    with db.read() as session:
        subscription = session.scalars(select(Subscription)).one()
        chosen = session.scalars(select(Subscription).where(shown())).all()

        assert is_shown(session, subscription) is (state is ImportState.DONE)
        assert (subscription in chosen) is (state is ImportState.DONE)


def test_subscription_without_an_import_is_shown(
    db: Database, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        subscription = reader(session, newsletter_id, "anna@x.org")

        assert is_shown(session, subscription)
        assert session.scalars(select(Subscription).where(shown())).one() is subscription


@pytest.mark.parametrize("state", list(ImportState))
def test_taking_out_is_counted_only_while_the_import_merges(
    db: Database, imported: int, state: ImportState
) -> None:
    with db.write() as session:
        session.get_one(Import, imported).state = state
        session.flush()
        subscription = session.scalars(select(Subscription)).one()
        take_out(session, subscription)
        take_out(session, subscription)
    with db.read() as session:
        counted = session.get_one(Import, imported).withdrawn

    assert subscription.import_id is None
    assert counted == (1 if state is ImportState.MERGING else 0)


def test_asking_changes_nothing_for_an_imported_reader(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, imported: int
) -> None:
    with db.write() as session:
        subscription = join(
            session,
            sealer,
            newsletter_id=newsletter_id,
            address="anna@x.org",
            name=None,
            language=None,
            timezone=None,
            now=clock.now(),
            origin="form",
            wording="Yes.",
            policy_version=None,
        )

    assert subscription.state is SubscriptionState.ACTIVE
    assert subscription.import_id == imported
