"""What the desk shows of one reader, and how little of who reads a guarded newsletter."""

from datetime import UTC, datetime, timedelta

import pytest

from digest.correspondence.reader_file import SHOWN_ISSUES, ReaderFile, open_file
from digest.curation.issues import new_issue
from digest.db import Database
from digest.models import Delivery, DeliveryState, Newsletter, Origin, SuppressionReason
from digest.sealed import Sealer
from digest.subscribers.lifecycle import confirm, find_by_address, join
from digest.subscribers.suppression import suppress

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
ANNA = "anna@example.org"


def subscribe(db: Database, sealer: Sealer, *slugs: str) -> None:
    """Let Anna join newsletters, which are made."""
    with db.write() as session:
        for slug in slugs:
            newsletter = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=NOW)
            session.add(newsletter)
            session.flush()
            made = join(
                session,
                sealer,
                newsletter_id=newsletter.id,
                address=ANNA,
                name="Anna Berg",
                language="en",
                timezone="Europe/Riga",
                now=NOW,
                origin=f"form of {slug}",
                wording=f"Yes, {slug}.",
                policy_version="2026-01",
            )
            confirm(session, made.public_id, now=NOW + timedelta(minutes=1), origin="link")


def send(db: Database, slug: str, issues: int) -> None:
    """Give Anna copies of issues."""
    with db.write() as session:
        newsletter = session.query(Newsletter).filter_by(slug=slug).one()
        for _ in range(issues):
            issue = new_issue(session, newsletter, slot_date=None, now=NOW)
            issue.sending_at = NOW
            session.add(
                Delivery(
                    issue_id=issue.id,
                    subscriber_id=1,
                    state=DeliveryState.ACCEPTED,
                    origin=Origin.AUDIENCE,
                    edition="full",
                    domain_group="other",
                    not_before=NOW,
                    done_at=NOW,
                )
            )


def shown(db: Database, sealer: Sealer, *guarded: str) -> ReaderFile:
    with db.read() as session:
        subscriber = find_by_address(session, sealer, ANNA)
        assert subscriber is not None
        return open_file(session, sealer, subscriber, guarded)


def test_file_has_subscriptions_history_and_copies(any_db: Database, sealer: Sealer) -> None:
    subscribe(any_db, sealer, "weekly")
    send(any_db, "weekly", SHOWN_ISSUES + 2)
    with any_db.write() as session:
        manual = SuppressionReason.MANUAL
        suppress(session, sealer, ANNA, manual, now=NOW, detail="asked by letter")
    found = shown(any_db, sealer)

    assert (found.address, found.name) == (ANNA, "Anna Berg")
    [each] = found.subscribed
    assert (each.slug, each.guarded, each.subscription.timezone) == ("weekly", False, "Europe/Riga")
    assert [(event["kind"], event["wording"]) for event in found.events] == [
        ("confirmed", None),
        ("asked", "Yes, weekly."),
    ]
    assert [copy.number for copy in found.copies] == list(range(SHOWN_ISSUES + 2, 2, -1))
    assert {(copy.state, copy.at) for copy in found.copies} == {("accepted", NOW)}
    assert [row.detail for row in found.suppressions] == ["asked by letter"]


def test_nothing_but_the_subscription_is_shown_of_a_guarded_newsletter(
    any_db: Database, sealer: Sealer
) -> None:
    subscribe(any_db, sealer, "weekly", "quiet")
    send(any_db, "weekly", 1)
    send(any_db, "quiet", 2)
    found = shown(any_db, sealer, "quiet")

    assert found.guarded
    assert found.name is None
    assert {event["newsletter"] for event in found.events} == {"weekly"}
    assert {copy.slug for copy in found.copies} == {"weekly"}
    assert [(each.slug, each.guarded) for each in found.subscribed] == [
        ("quiet", True),
        ("weekly", False),
    ]


@pytest.mark.parametrize("guarded", [(), ("quiet",)])
def test_newer_issues_of_a_guarded_newsletter_push_none_out(
    any_db: Database, sealer: Sealer, guarded: tuple[str, ...]
) -> None:
    subscribe(any_db, sealer, "weekly", "quiet")
    send(any_db, "weekly", 3)
    send(any_db, "quiet", SHOWN_ISSUES)
    found = shown(any_db, sealer, *guarded)
    assert len(found.copies) == (3 if guarded else SHOWN_ISSUES)
