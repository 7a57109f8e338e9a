"""Who gets an issue: the judgement in Python and the one in SQL are the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from digest.clock import FixedClock
from digest.db import Database
from digest.models import (
    Import,
    ImportState,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from digest.subscribers.audience import (
    SkipReason,
    audience_count,
    audience_select,
    mailable,
    may_mail,
)

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ACTIVE, PAUSED = SubscriptionState.ACTIVE, SubscriptionState.PAUSED

DATES = st.none() | st.timedeltas(timedelta(days=-2), timedelta(days=2)).map(lambda by: NOW + by)
ROWS = st.tuples(
    st.sampled_from(list(SubscriptionState)),
    st.booleans(),
    DATES | st.just(NOW),
    st.sampled_from(["google", "other", "yahoo"]),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("state", "suppressed", "paused_until", "reason"),
    [
        (ACTIVE, False, None, None),
        (PAUSED, False, NOW, None),
        (PAUSED, False, NOW - SECOND, None),
        (PAUSED, False, NOW + SECOND, SkipReason.PAUSED),
        (PAUSED, False, None, SkipReason.PAUSED),
        (ACTIVE, True, None, SkipReason.SUPPRESSED),
        (SubscriptionState.PENDING, False, None, SkipReason.PENDING),
        (SubscriptionState.UNSUBSCRIBED, True, None, SkipReason.LEFT),
        (None, False, None, SkipReason.GONE),
    ],
)
def test_reader_may_be_mailed_or_not_for_a_reason(
    state: SubscriptionState | None,
    suppressed: bool,
    paused_until: datetime | None,
    reason: SkipReason | None,
) -> None:
    assert may_mail(state, suppressed, paused_until, NOW) is reason


def add_row(session: Session, newsletter_id: int, import_id: int, number: int, row: Any) -> int:
    """Insert one reader exactly as drawn and return the subscriber's id."""
    state, suppressed, paused_until, group, half_imported = row
    index = number.to_bytes(32, "big")
    subscriber = Subscriber(
        public_id=f"r{number}", address_index=index, address_sealed=b"", created_at=NOW
    )
    session.add(subscriber)
    session.flush()
    session.add(
        Subscription(
            public_id=f"s{number}",
            subscriber_id=subscriber.id,
            newsletter_id=newsletter_id,
            state=state,
            paused_until=paused_until,
            domain_group=group,
            import_id=import_id if half_imported else None,
            joined_at=NOW,
            changed_at=NOW,
        )
    )
    if suppressed:
        reason = SuppressionReason.BOUNCED
        session.add(Suppression(address_index=index, reason=reason, at=NOW))
    session.flush()
    return subscriber.id


def add_import(session: Session, newsletter_id: int) -> int:
    values = {"state": ImportState.MERGING, "counts": {}, "created_at": NOW}
    made = insert(Import).values(newsletter_id=newsletter_id, file_digest="", **values)
    return int(session.execute(made.returning(Import.id)).scalar_one())


@given(st.lists(ROWS, max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_sql_and_python_choose_the_same_readers(
    db: Database, newsletter_id: int, rows: list[Any]
) -> None:
    with db.read() as session:  # what is added here is rolled back
        import_id = add_import(session, newsletter_id)
        ids = [
            add_row(session, newsletter_id, import_id, number, row)
            for number, row in enumerate(rows)
        ]
        wanted = [
            (row[3], subscriber_id)
            for subscriber_id, row in zip(ids, rows, strict=True)
            if may_mail(row[0], row[1], row[2], NOW) is None and not row[4]
        ]
        frozen = session.execute(audience_select(newsletter_id, NOW, dialect="sqlite"))
        dotted = session.execute(
            select(Subscription.domain_group, Subscription.subscriber_id).where(
                mailable(newsletter_id, NOW)
            )
        )

        assert sorted((row.domain_group, row.subscriber_id) for row in frozen) == sorted(wanted)
        assert sorted(map(tuple, dotted)) == sorted(wanted)
        assert audience_count(session, newsletter_id, NOW) == len(wanted)


def test_audience_is_the_same_on_every_database(any_db: Database, newsletter_in: Any) -> None:
    newsletter_id = newsletter_in(any_db)
    drawn = [
        (ACTIVE, False, None, "other", False),
        (ACTIVE, False, None, "google", False),
        (PAUSED, False, NOW, "other", False),
        (PAUSED, False, NOW + SECOND, "other", False),
        (ACTIVE, True, None, "other", False),
        (ACTIVE, False, None, "other", True),
    ]
    with any_db.write() as session:
        import_id = add_import(session, newsletter_id)
        ids = [
            add_row(session, newsletter_id, import_id, *numbered) for numbered in enumerate(drawn)
        ]
    with any_db.read() as session:
        dialect = any_db.engine.dialect.name
        chosen = session.scalars(audience_select(newsletter_id, NOW, dialect=dialect)).all()

    assert sorted(chosen) == ids[:3]


def test_audience_is_of_one_newsletter(
    db: Database, clock: FixedClock, newsletter_id: int, newsletter_in: Any, reader: Any
) -> None:
    other = newsletter_in(db, "other")
    with db.write() as session:
        reader(session, newsletter_id, "anna@example.org")
        reader(session, other, "eva@example.org")

        assert audience_count(session, newsletter_id, clock.now()) == 1
