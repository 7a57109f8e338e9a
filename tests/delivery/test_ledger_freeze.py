"""The freeze on SQLite and PostgreSQL: everyone once, at their own moment, cut into chunks."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from itertools import groupby
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from digest.clock import Schedule, morning_in
from digest.db import Database
from digest.delivery.ledger.freeze import freeze
from digest.delivery.ledger.sums import verify_issue
from digest.models import (
    Chunk,
    Delivery,
    Issue,
    IssueState,
    Newsletter,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

NOW = datetime(2026, 11, 26, 17, tzinfo=UTC)
FRIDAY = date(2026, 11, 27)
MORNINGS = partial(morning_in, Schedule(4, time(7), ZoneInfo("Europe/London")), FRIDAY)
ZONES = (
    "Pacific/Auckland",
    None,
    "Pacific/Honolulu",
    "Europe/London",
    "Nowhere/AtAll",
    "Asia/Tokyo",
)
GROUPS = ("google", "other", "yahoo", "other")
LONDON = datetime(2026, 11, 27, 7, tzinfo=UTC)


def add_readers(session: Session, newsletter_id: int, zones: Sequence[str | None]) -> None:
    """Add one active reader for each zone, in groups that take turns."""
    first = (session.scalar(select(func.max(Subscriber.id))) or 0) + 1
    numbered = list(enumerate(zones, first))
    session.execute(
        insert(Subscriber),
        [
            {
                "id": id,
                "public_id": f"p{id}",
                "address_index": id.to_bytes(32, "big"),
                "address_sealed": b"",
                "created_at": NOW,
            }
            for id, _ in numbered
        ],
    )
    session.execute(
        insert(Subscription),
        [
            {
                "public_id": f"s{id}",
                "subscriber_id": id,
                "newsletter_id": newsletter_id,
                "state": SubscriptionState.ACTIVE,
                "timezone": zone,
                "domain_group": GROUPS[id % len(GROUPS)],
                "joined_at": NOW,
                "changed_at": NOW,
            }
            for id, zone in numbered
        ],
    )


def add_issue(session: Session, zones: Sequence[str | None], slug: str = "weekly") -> Issue:
    newsletter = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=NOW)
    session.add(newsletter)
    session.flush()
    add_readers(session, newsletter.id, zones)
    issue = Issue(
        public_id=slug,
        newsletter_id=newsletter.id,
        number=1,
        state=IssueState.SENDING,
        topper={},
        quote={},
        numbers=[],
        created_at=NOW,
    )
    session.add(issue)
    session.flush()
    return issue


def freeze_all(session: Session, issue: Issue, *, chunk_rows: int = 3, own: bool = True) -> int:
    count = freeze(
        session,
        issue.id,
        issue.newsletter_id,
        not_before=NOW,
        now=NOW,
        chunk_rows=chunk_rows,
        mornings=MORNINGS if own else None,
    )
    issue.audience_count = count
    return count


@pytest.fixture
def session(any_db: Database) -> Iterator[Session]:
    with any_db.write() as opened:
        yield opened


def moments(session: Session) -> dict[str | None, datetime]:
    rows = session.execute(
        select(Subscription.timezone, Delivery.not_before).join(
            Subscription, Subscription.subscriber_id == Delivery.subscriber_id
        )
    )
    return dict(rows.all())


def test_everyone_waits_for_their_own_morning(session: Session) -> None:
    freeze_all(session, add_issue(session, ZONES))

    assert moments(session) == {
        "Pacific/Auckland": LONDON - timedelta(hours=13),
        "Asia/Tokyo": LONDON - timedelta(hours=9),
        "Europe/London": LONDON,
        "Pacific/Honolulu": LONDON + timedelta(hours=10),
        None: LONDON,
        "Nowhere/AtAll": LONDON,
    }


def test_morning_that_is_over_is_now(session: Session) -> None:
    issue = add_issue(session, ["Pacific/Kiritimati", "Pacific/Apia", "Asia/Tokyo"])
    later = LONDON - timedelta(hours=10)
    freeze(
        session, issue.id, issue.newsletter_id,
        not_before=later, now=later, chunk_rows=3, mornings=MORNINGS,
    )  # fmt: skip

    assert sorted(moments(session).values()) == [later, later, LONDON - timedelta(hours=9)]


def test_one_moment_for_all_without_mornings(session: Session) -> None:
    freeze_all(session, add_issue(session, ZONES), own=False)

    assert set(moments(session).values()) == {NOW}


@pytest.mark.parametrize("own", [True, False])
def test_ids_follow_moment_group_and_subscriber(session: Session, own: bool) -> None:
    freeze_all(session, add_issue(session, ZONES * 20), own=own)

    rows = session.execute(
        select(Delivery.not_before, Delivery.domain_group, Delivery.subscriber_id).order_by(
            Delivery.id
        )
    ).all()
    assert rows == sorted(rows)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("chunk_rows", [1, 3, 7, 500])
def test_chunks_hold_every_row_once(session: Session, own: bool, chunk_rows: int) -> None:
    issue = add_issue(session, ZONES * 20)
    assert freeze_all(session, issue, chunk_rows=chunk_rows, own=own) == 120
    session.flush()

    assert verify_issue(session, issue.id) == []


def test_chunk_is_of_one_moment_and_one_group(session: Session) -> None:
    freeze_all(session, add_issue(session, ZONES * 20), chunk_rows=7)

    found = []
    for chunk in session.scalars(select(Chunk)):
        span = Delivery.id.between(chunk.first_id, chunk.last_id)
        rows = session.execute(select(Delivery.not_before, Delivery.domain_group).where(span)).all()
        assert set(rows) == {(chunk.next_at, chunk.domain_group)}
        found.append((chunk.next_at, chunk.domain_group, len(rows)))
    sizes = [size for *_, size in found]
    assert max(sizes) == 7
    for _, run in groupby(found, key=lambda chunk: chunk[:2]):
        assert all(size == 7 for *_, size in list(run)[:-1])


def test_empty_audience_is_frozen_too(session: Session) -> None:
    issue = add_issue(session, [None])
    session.add(Suppression(address_index=(1).to_bytes(32, "big"), reason="bounced", at=NOW))

    assert freeze_all(session, issue) == 0
    assert session.scalars(select(Chunk)).all() == []


def test_suppressed_reader_is_left_out(session: Session) -> None:
    issue = add_issue(session, [None, None, None])
    reason = SuppressionReason.BOUNCED
    session.add(Suppression(address_index=(2).to_bytes(32, "big"), reason=reason, at=NOW))
    session.add(Suppression(address_index=(99).to_bytes(32, "big"), reason=reason, at=NOW))
    freeze_all(session, issue)

    assert set(session.scalars(select(Delivery.subscriber_id))) == {1, 3}


def test_two_issues_are_frozen_in_one_transaction(session: Session) -> None:
    issues = [add_issue(session, ZONES, slug) for slug in ("weekly", "other")]

    assert [freeze_all(session, issue) for issue in issues] == [len(ZONES), len(ZONES)]
    session.flush()
    assert [verify_issue(session, issue.id) for issue in issues] == [[], []]


def test_two_issues_frozen_at_once_keep_their_rows_apart(any_db: Database) -> None:
    """On PostgreSQL the ids of one lie between those of the other."""
    with any_db.write() as session:
        ids = [add_issue(session, ZONES * 400, slug).id for slug in ("weekly", "other")]

    def frozen(issue_id: int) -> None:
        with any_db.write() as session:
            freeze_all(session, session.get_one(Issue, issue_id), chunk_rows=50)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(frozen, ids))

    with any_db.read() as session:
        assert [verify_issue(session, id) for id in ids] == [[], []]


def test_holes_between_ids_only_make_chunks_smaller(any_db: Database) -> None:
    """What another issue's rows in between come to, without a race."""
    if any_db.is_sqlite:
        pytest.skip("SQLite gives ids without holes: it has one writer")
    with any_db.write() as session:
        session.execute(text("ALTER SEQUENCE deliveries_id_seq INCREMENT BY 4"))
        issue = add_issue(session, ZONES * 20)
        freeze_all(session, issue, chunk_rows=10)
        session.flush()

        assert verify_issue(session, issue.id) == []


def test_freeze_that_failed_leaves_the_connection_as_it_was(any_db: Database) -> None:
    with any_db.write() as session:
        issue = add_issue(session, ZONES)
        freeze_all(session, issue)
    with pytest.raises(IntegrityError), any_db.write() as session:
        freeze_all(session, issue)

    with any_db.write() as session:
        second = add_issue(session, ZONES, "other")
        assert freeze_all(session, second) == len(ZONES)
        session.flush()
        assert verify_issue(session, second.id) == []


@pytest.mark.parametrize("times", [1, 2])
def test_words_are_checked_again_after_a_freeze_that_went_well_or_failed(
    db: Database, times: int
) -> None:
    with db.write() as session:
        issue = add_issue(session, ZONES)
    for _ in range(times):
        with suppress(IntegrityError), db.write() as session:
            freeze_all(session, issue)

    with pytest.raises(IntegrityError, match="CHECK"), db.write() as session:
        session.execute(text("UPDATE deliveries SET state = 'delivered'"))
    with db.read() as session:
        assert session.scalar(text("PRAGMA cache_size")) == -2000
