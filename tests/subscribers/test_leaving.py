"""Coming back after leaving by mistake, and why people leave, on each database."""

from datetime import timedelta

import pytest

from digest.errors import NotFound, Refused
from digest.models import LeaveReason, SubscriptionState
from digest.subscribers.consent import list_events
from digest.subscribers.leaving import come_back, count_reason, leave_for_now, list_reasons
from digest.subscribers.lifecycle import find_subscription
from digest.subscribers.suppression import suppress

ANNA = "anna@example.org"


@pytest.mark.parametrize(
    ("state", "was_taken_out"),
    [("pending", False), ("active", True), ("paused", True), ("left", False)],
)
def test_leaving_says_whether_it_took_a_reader_out(
    db, newsletter_id, reader, clock, state: str, was_taken_out: bool
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA, state)
        taken = leave_for_now(session, made.public_id, now=clock.now(), origin="page")

    assert taken is was_taken_out


def test_coming_back_is_active_and_on_record(db, newsletter_id, reader, sealer, clock) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA, "left")
        now = clock.now()
        come_back(session, sealer, made.public_id, left_by=now, now=now, origin="page")
        kinds = [event.kind for event in list_events(session, made.subscriber_id)]

    assert made.state is SubscriptionState.ACTIVE
    assert kinds[-2:] == ["left", "returned"]


@pytest.mark.parametrize("state", ["active", "paused"])
def test_coming_back_changes_nothing_for_who_is_there(
    db, newsletter_id, reader, sealer, clock, state: str
) -> None:
    with db.write() as session:
        made = reader(session, newsletter_id, ANNA, state)
        now = clock.now()
        is_new = come_back(session, sealer, made.public_id, left_by=now, now=now, origin="page")
        kinds = [event.kind for event in list_events(session, made.subscriber_id)]

    assert (made.state.value, is_new) == (state, False)
    assert "returned" not in kinds


@pytest.mark.parametrize("reason", ["bounced", "complained", "erased", "manual"])
def test_suppressed_address_does_not_come_back(
    db, newsletter_id, reader, sealer, clock, reason: str
) -> None:
    with db.write() as session:
        public_id = reader(session, newsletter_id, ANNA, "left").public_id
        suppress(session, sealer, ANNA, reason, now=clock.now())
        now = clock.now()
        with pytest.raises(Refused):
            come_back(session, sealer, public_id, left_by=now, now=now, origin="page")

    with db.read() as session:
        assert find_subscription(session, public_id).state is SubscriptionState.UNSUBSCRIBED


def test_coming_back_of_nobody_is_not_found(db, sealer, clock) -> None:
    now = clock.now()
    with db.write() as session, pytest.raises(NotFound):
        come_back(session, sealer, "nobody", left_by=now, now=now, origin="page")


def test_reasons_are_counted_by_newsletter_and_month(any_db, newsletter_in, clock) -> None:
    weekly, monthly = newsletter_in(any_db), newsletter_in(any_db, "monthly")
    now = clock.now()
    said = [
        *((weekly, LeaveReason.OTHER, now), (weekly, LeaveReason.TOO_MUCH, now)),
        *((weekly, LeaveReason.TOO_MUCH, now), (monthly, LeaveReason.UNSAFE, now)),
        (weekly, LeaveReason.OTHER, now + timedelta(days=31)),
    ]
    for newsletter_id, reason, at in said:
        with any_db.write() as session:
            count_reason(session, newsletter_id, reason, now=at)

    with any_db.read() as session:
        counted = [tuple(each) for each in list_reasons(session)]
    assert counted == [
        ("weekly", "2026-12", LeaveReason.OTHER, 1),
        ("monthly", "2026-11", LeaveReason.UNSAFE, 1),
        ("weekly", "2026-11", LeaveReason.TOO_MUCH, 2),
        ("weekly", "2026-11", LeaveReason.OTHER, 1),
    ]
