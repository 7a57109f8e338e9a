"""Suppressions hold an address back whatever its spelling, its key and its subscription."""

from typing import Any

import pytest
from sqlalchemy import func, select

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import NotFound
from digest.keys import KeyRing, new_key_ring
from digest.models import Suppression, SuppressionReason
from digest.sealed import Sealer
from digest.subscribers.suppression import (
    carry_over,
    find_reason,
    is_suppressed,
    lift,
    suppress,
    suppress_subscriber,
)

ANNA = "anna@example.org"


def rotated(keys: KeyRing) -> Sealer:
    """Return a sealer whose index key is new and whose retired one is that of `keys`."""
    fresh = new_key_ring()
    return Sealer(KeyRing(fresh.seal, (*fresh.index, *keys.index), fresh.sign, fresh.message))


def test_suppressed_address_is_found_in_any_spelling(
    any_db: Database, sealer: Sealer, clock: FixedClock
) -> None:
    with any_db.write() as session:
        suppress(session, sealer, ANNA, SuppressionReason.MANUAL, now=clock.now())

        assert is_suppressed(session, sealer, " Anna@Example.ORG ")
        assert not is_suppressed(session, sealer, "eva@example.org")


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (SuppressionReason.ERASED, SuppressionReason.COMPLAINED, SuppressionReason.COMPLAINED),
        (SuppressionReason.COMPLAINED, SuppressionReason.ERASED, SuppressionReason.COMPLAINED),
        (SuppressionReason.BOUNCED, SuppressionReason.MANUAL, SuppressionReason.MANUAL),
        (SuppressionReason.COMPLAINED, SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED),
    ],
)
def test_weightier_reason_stays(
    db: Database,
    sealer: Sealer,
    clock: FixedClock,
    first: SuppressionReason,
    second: SuppressionReason,
    kept: SuppressionReason,
) -> None:
    with db.write() as session:
        for reason in (first, second):
            suppress(session, sealer, ANNA, reason, now=clock.now())

        assert find_reason(session, sealer, ANNA) is kept


def test_detail_is_kept_without_addresses(db: Database, sealer: Sealer, clock: FixedClock) -> None:
    detail = "550 5.1.1 <anna@example.org> unknown " + "x" * 999
    with db.write() as session:
        suppress(session, sealer, ANNA, SuppressionReason.BOUNCED, now=clock.now(), detail=detail)
        found = session.scalars(select(Suppression.detail)).one()

    assert found.startswith("550 5.1.1 <‹address›> unknown")
    assert len(found) == 500


def test_subscriber_is_suppressed_without_unsealing(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA)
        suppress_subscriber(
            session, made.subscriber_id, SuppressionReason.COMPLAINED, now=clock.now()
        )

        assert find_reason(session, sealer, ANNA) is SuppressionReason.COMPLAINED


def test_suppressing_an_unknown_subscriber_is_not_found(db: Database, clock: FixedClock) -> None:
    with db.write() as session, pytest.raises(NotFound):
        suppress_subscriber(session, 7, SuppressionReason.MANUAL, now=clock.now())


def test_lifting_tells_whether_there_was_one(
    db: Database, sealer: Sealer, clock: FixedClock
) -> None:
    with db.write() as session:
        suppress(session, sealer, ANNA, SuppressionReason.MANUAL, now=clock.now())

        assert [lift(session, sealer, ANNA) for _ in range(2)] == [True, False]
        assert not is_suppressed(session, sealer, ANNA)


def test_retired_index_key_still_suppresses_and_lifts(
    db: Database, sealer: Sealer, keys: KeyRing, clock: FixedClock
) -> None:
    after = rotated(keys)
    with db.write() as session:
        suppress(session, sealer, ANNA, SuppressionReason.MANUAL, now=clock.now())

        assert is_suppressed(session, after, ANNA)
        assert lift(session, after, ANNA)
        assert not is_suppressed(session, after, ANNA)


def test_carrying_over_moves_a_row_to_the_current_key(
    db: Database, sealer: Sealer, keys: KeyRing, clock: FixedClock
) -> None:
    after = rotated(keys)
    with db.write() as session:
        suppress(session, sealer, ANNA, SuppressionReason.COMPLAINED, now=clock.now())
        carry_over(session, after, ANNA)
        indexes = session.scalars(select(Suppression.address_index)).all()

        assert indexes == [after.index(ANNA)]
        assert find_reason(session, after, ANNA) is SuppressionReason.COMPLAINED


def test_suppressing_under_a_new_key_leaves_one_row(
    db: Database, sealer: Sealer, keys: KeyRing, clock: FixedClock
) -> None:
    with db.write() as session:
        suppress(session, sealer, ANNA, SuppressionReason.COMPLAINED, now=clock.now())
        suppress(session, rotated(keys), ANNA, SuppressionReason.BOUNCED, now=clock.now())

        assert session.scalar(select(func.count()).select_from(Suppression)) == 1
