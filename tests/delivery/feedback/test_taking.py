"""What follows when something comes back, in the caller's transaction."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from digest.config import FeedbackConfig
from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason
from digest.delivery.feedback.suspending import open_probes
from digest.delivery.feedback.taking import Taken
from digest.models import (
    DeliveryEvent,
    DeliveryState,
    FeedbackVerdict,
    SubscriptionState,
    SuppressionReason,
)
from digest.subscribers import suppression
from digest.subscribers.consent import Circumstances, ConsentKind, record
from digest.subscribers.lifecycle import erase
from tests.delivery.feedback.postbag import BEGAN, Postbag

HOUR = timedelta(hours=1)
ANNA = "anna@example.org"


def told(kind: FeedbackKind, recipient: str = ANNA, **more: object) -> Feedback:
    at = BEGAN + 2 * HOUR
    return Feedback(kind, at, recipient, **{"event_id": f"{kind}-1", **more})  # type: ignore[arg-type]


def test_hard_bounce_suppresses_everywhere_and_stands_in_the_story_of_its_row(
    postbag: Postbag,
) -> None:
    anna = postbag.add_reader(ANNA)
    row = postbag.send(anna)

    taken = postbag.bounce(row, "5.1.1", detail="smtp; 550 5.1.1 <anna@example.org>: anna is gone")

    assert taken == Taken(suppressed=1)
    found = postbag.suppression(anna)
    assert found is not None
    assert found.reason is SuppressionReason.BOUNCED
    assert "anna" not in found.detail
    assert "gone" in found.detail
    with postbag.db.read() as session:
        story = session.scalars(select(DeliveryEvent).where(DeliveryEvent.delivery_id == row)).all()
    assert [event.kind for event in story] == ["feedback bounced"]
    assert postbag.row_state(row) is DeliveryState.ACCEPTED  # the sums of the issue stand


def test_same_event_told_twice_counts_once(any_postbag: Postbag) -> None:
    row = any_postbag.send(any_postbag.add_reader(ANNA))

    assert any_postbag.bounce(row) == Taken(scored=1)
    assert any_postbag.bounce(row) == Taken(doubled=1)
    assert len(any_postbag.events()) == 1


def test_event_without_an_id_counts_once_too(postbag: Postbag) -> None:
    row = postbag.send(postbag.add_reader(ANNA))

    assert postbag.bounce(row, event_id="") == Taken(scored=1)
    assert postbag.bounce(row, event_id="") == Taken(doubled=1)


def test_same_id_of_two_providers_is_two_events(postbag: Postbag) -> None:
    postbag.send(postbag.add_reader(ANNA))
    event = told(FeedbackKind.COMPLAINED)

    postbag.take(event, provider="postmark")
    postbag.take(event, provider="mailgun")

    assert len(postbag.events()) == 2


@pytest.mark.parametrize("token", ["", "cb.aaaaaaaaaaaaaaaaaaaa", "nonsense", "cb"])
def test_bounce_without_a_valid_sign_changes_nobody_and_is_counted(
    postbag: Postbag, token: str
) -> None:
    anna = postbag.add_reader(ANNA)
    row = postbag.send(anna, queue_id="4XYZ")
    event = told(
        FeedbackKind.BOUNCED,
        token=token,
        status="5.1.1",
        message_id="4XYZ",
        reference=f"d{row}",
    )

    assert postbag.take(event, trusted=False) == Taken(unattributed=1)
    assert postbag.reason(anna) is None
    (kept,) = postbag.events()
    assert kept.verdict is FeedbackVerdict.UNATTRIBUTED
    assert kept.subscriber_id is None


def test_a_token_of_another_row_with_this_mac_is_refused(postbag: Postbag) -> None:
    anna = postbag.add_reader(ANNA)
    row = postbag.send(anna)
    _, _, mac = postbag.token(row).partition(".")
    other = postbag.token(row + 1).partition(".")[0]

    taken = postbag.bounce(row, "5.1.1", token=f"{other}.{mac}")

    assert taken == Taken(unattributed=1)


def test_token_survives_a_server_that_writes_capitals(postbag: Postbag) -> None:
    anna = postbag.add_reader(ANNA)
    row = postbag.send(anna)

    assert postbag.bounce(row, "5.1.1", token=postbag.token(row).upper()) == Taken(suppressed=1)


def test_message_id_of_the_very_copy_proves_it_for_mail_too(any_postbag: Postbag) -> None:
    anna = any_postbag.add_reader(ANNA)
    rows = [any_postbag.send(anna) for _ in range(3)]
    event = told(
        FeedbackKind.BOUNCED, status="5.1.1", own_message_id=any_postbag.message_id(rows[1])
    )

    assert any_postbag.take(event, trusted=False) == Taken(suppressed=1)
    assert any_postbag.events()[0].delivery_id == rows[1]
    assert any_postbag.events()[0].found_by == "message-id"


def test_our_reference_with_its_message_id_proves_it_where_no_address_is_left(
    postbag: Postbag,
) -> None:
    rows = [postbag.send(postbag.add_reader(each)) for each in (ANNA, "bert@example.org")]
    named = postbag.message_id(rows[1])
    wrong = told(FeedbackKind.BOUNCED, "", reference=f"d{rows[0]}", own_message_id=named)
    right = told(FeedbackKind.BOUNCED, "", reference=f"d{rows[1]}", own_message_id=named)

    assert postbag.take(wrong, trusted=False, provider="one") == Taken(unattributed=1)
    assert postbag.take(right, trusted=False, provider="two") == Taken(scored=1)


def test_message_id_of_somebody_elses_copy_proves_nothing(postbag: Postbag) -> None:
    anna, bert = postbag.add_reader(ANNA), postbag.add_reader("bert@example.org")
    postbag.send(anna)
    row = postbag.send(bert)
    event = told(FeedbackKind.BOUNCED, status="5.1.1", own_message_id=postbag.message_id(row))

    assert postbag.take(event, trusted=False) == Taken(unattributed=1)
    assert postbag.reason(anna) is None
    assert postbag.reason(bert) is None


@pytest.mark.parametrize(
    ("named", "by", "which"),
    [
        ({"reference": "delivery {0}"}, "reference", 0),
        ({"message_id": "Q1"}, "queue-id", 1),
        ({}, "recipient", 0),
        ({"message_id": "unknown"}, "recipient", 0),
    ],
)
def test_verified_provider_is_believed(
    postbag: Postbag, named: dict[str, str], by: str, which: int
) -> None:
    anna = postbag.add_reader(ANNA)
    rows = [postbag.send(anna, queue_id="Q0"), postbag.send(anna, queue_id="Q1")]
    named = {key: value.format(*rows) for key, value in named.items()}
    event = told(FeedbackKind.BOUNCED, status="5.1.1", **named)

    assert postbag.take(event) == Taken(suppressed=1)
    # The newest that had left by then: the second left a week later.
    assert (postbag.events()[0].found_by, postbag.events()[0].delivery_id) == (by, rows[which])


def test_unknown_address_is_counted_and_nothing_else(postbag: Postbag) -> None:
    assert postbag.take(told(FeedbackKind.COMPLAINED, "who@example.org")) == Taken(unattributed=1)


def test_complaint_suppresses_for_every_newsletter_and_is_not_undone_by_confirming(
    postbag: Postbag,
) -> None:
    anna = postbag.add_reader(ANNA)
    row = postbag.send(anna)

    taken = postbag.take(told(FeedbackKind.COMPLAINED, token=postbag.token(row)), trusted=False)

    assert taken == Taken(suppressed=1)
    assert postbag.reason(anna) is SuppressionReason.COMPLAINED
    assert SuppressionReason.COMPLAINED not in suppression.UNDONE_BY_CONFIRMING


def test_unsubscription_is_of_that_newsletter_only(any_postbag: Postbag) -> None:
    any_postbag.add_newsletter("daily")
    anna = any_postbag.add_reader(ANNA)
    any_postbag.add_reader(ANNA, "daily")
    row = any_postbag.send(anna, slug="daily")

    taken = any_postbag.take(told(FeedbackKind.UNSUBSCRIBED, reference=f"delivery {row}"))

    assert taken == Taken(left=1)
    assert any_postbag.reason(anna) is None
    assert any_postbag.states(anna) == {
        "weekly": SubscriptionState.ACTIVE,
        "daily": SubscriptionState.UNSUBSCRIBED,
    }


@pytest.mark.parametrize(
    ("status", "detail"),
    [
        ("5.7.1", ""),
        ("5.7.26", "unauthenticated mail"),
        ("", "550 blocked using zen.spamhaus.org"),
        ("5.1.1", "poor reputation of your address"),
        ("5.3.4", "message too big"),
        ("5.6.0", ""),
        ("5.7.8", "authentication failed"),
    ],
)
def test_what_is_not_about_the_reader_never_counts(
    postbag: Postbag, status: str, detail: str
) -> None:
    anna = postbag.add_reader(ANNA)
    taken = [postbag.bounce(postbag.send(anna), status, detail=detail) for _ in range(9)]

    assert taken == [Taken(noted=1)] * 9
    assert postbag.reason(anna) is None


def test_soft_bounces_of_four_issues_in_a_row_suspend_then_the_probe_suppresses(
    any_postbag: Postbag,
) -> None:
    anna = any_postbag.add_reader(ANNA)
    taken = [any_postbag.bounce(any_postbag.send(anna)) for _ in range(4)]
    assert taken == [Taken(scored=1)] * 3 + [Taken(suspended=1)]
    assert any_postbag.reason(anna) is SuppressionReason.BOUNCED

    suspended = BEGAN + timedelta(weeks=3, hours=1)
    assert probes_opened(any_postbag, suspended + timedelta(days=29)) == 0
    assert probes_opened(any_postbag, suspended + timedelta(days=31)) == 1
    assert any_postbag.reason(anna) is None  # one more copy goes to them

    probe = any_postbag.send(anna, weeks=8)
    assert any_postbag.bounce(probe) == Taken(suppressed=1)
    assert any_postbag.reason(anna) is SuppressionReason.BOUNCED
    assert probes_opened(any_postbag, suspended + timedelta(days=400)) == 0  # and never again


def test_probe_that_arrives_begins_the_count_anew(postbag: Postbag) -> None:
    anna = postbag.add_reader(ANNA)
    for _ in range(4):
        postbag.bounce(postbag.send(anna))
    probes_opened(postbag, BEGAN + timedelta(weeks=8))
    postbag.send(anna, weeks=9)

    assert postbag.bounce(postbag.send(anna, weeks=10)) == Taken(scored=1)
    assert postbag.reason(anna) is None


def probes_opened(postbag: Postbag, now: object) -> int:
    with postbag.db.write() as session:
        return open_probes(session, now)  # type: ignore[arg-type]


def test_issue_that_arrives_between_begins_the_count_anew(any_postbag: Postbag) -> None:
    anna = any_postbag.add_reader(ANNA)
    for good in (False, False, False, True, False, False, False):
        row = any_postbag.send(anna)
        if not good:
            assert any_postbag.bounce(row) == Taken(scored=1)

    assert any_postbag.reason(anna) is None


def test_four_issues_within_three_weeks_are_not_enough(postbag: Postbag) -> None:
    anna = postbag.add_reader(ANNA)
    taken = [postbag.bounce(postbag.send(anna, weeks=day / 7)) for day in range(10)]

    assert taken == [Taken(scored=1)] * 10
    assert postbag.reason(anna) is None


def test_several_bounces_of_one_copy_are_one_issue(postbag: Postbag) -> None:
    anna = postbag.add_reader(ANNA)
    row = postbag.send(anna)
    taken = [postbag.bounce(row, "5.2.1", event_id=str(number)) for number in range(5)]

    assert taken == [Taken(scored=1)] + [Taken(noted=1)] * 4
    assert postbag.reason(anna) is None


@pytest.mark.parametrize("status", ["5.2.1", "5.1.2"])
def test_second_issue_in_a_row_suppresses(postbag: Postbag, status: str) -> None:
    anna = postbag.add_reader(ANNA)

    assert postbag.bounce(postbag.send(anna), status) == Taken(scored=1)
    assert postbag.bounce(postbag.send(anna), status) == Taken(suppressed=1)


def test_thresholds_are_the_newsrooms(postbag: Postbag) -> None:
    postbag.feedback = FeedbackConfig(soft_issues=2, soft_days=0)
    anna = postbag.add_reader(ANNA)
    postbag.bounce(postbag.send(anna))

    assert postbag.bounce(postbag.send(anna)) == Taken(suspended=1)


def test_bounce_of_a_copy_that_left_before_the_reader_moved_is_overtaken(
    any_postbag: Postbag,
) -> None:
    anna = any_postbag.add_reader(ANNA)
    row = any_postbag.send(anna)
    with any_postbag.db.write() as session:
        moved = Circumstances(BEGAN + HOUR, "test")
        record(
            session,
            ConsentKind.MOVED,
            moved,
            subscriber_id=anna,
            newsletter_id=any_postbag.newsletters["weekly"],
        )

    assert any_postbag.bounce(row, "5.1.1") == Taken(noted=1)
    complaint = told(FeedbackKind.COMPLAINED, token=any_postbag.token(row))
    assert any_postbag.take(complaint, trusted=False) == Taken(noted=1)
    assert any_postbag.reason(anna) is None


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (FeedbackKind.DELIVERED, DeliveryState.ACCEPTED),
        (FeedbackKind.DEFERRED, DeliveryState.ACCEPTED),
        (FeedbackKind.COMPLAINED, DeliveryState.ACCEPTED),
        (FeedbackKind.BOUNCED, DeliveryState.REJECTED),
    ],
)
def test_what_comes_back_is_evidence_for_a_row_in_doubt(
    postbag: Postbag, kind: FeedbackKind, state: DeliveryState
) -> None:
    anna = postbag.add_reader(ANNA)
    row = postbag.send(anna, state=DeliveryState.UNCERTAIN)

    taken = postbag.take(told(kind, token=postbag.token(row), status="4.4.1"), trusted=False)

    assert taken.settled == 1
    assert postbag.row_state(row) is state


def test_guess_by_address_is_no_evidence(postbag: Postbag) -> None:
    row = postbag.send(postbag.add_reader(ANNA), state=DeliveryState.UNCERTAIN)

    assert postbag.take(told(FeedbackKind.DELIVERED)).settled == 0
    assert postbag.row_state(row) is DeliveryState.UNCERTAIN


def test_deliveries_are_not_kept(postbag: Postbag) -> None:
    row = postbag.send(postbag.add_reader(ANNA))

    assert postbag.take(told(FeedbackKind.DELIVERED, reference=f"d{row}")) == Taken(noted=1)
    assert postbag.events() == []


def test_event_of_a_reader_who_was_erased_is_a_count(any_postbag: Postbag) -> None:
    anna = any_postbag.add_reader(ANNA)
    rows = [any_postbag.send(anna), any_postbag.send(anna)]
    any_postbag.bounce(rows[0])
    with any_postbag.db.write() as session:
        erase(session, any_postbag.sealer, anna, BEGAN)

    assert any_postbag.bounce(rows[1], "5.1.1") == Taken(noted=1)
    assert [event.subscriber_id for event in any_postbag.events()] == [None, None]


@pytest.mark.parametrize(
    ("reason", "permanent", "verdict"),
    [
        (FeedbackReason.BOUNCED, True, "suppressed"),
        (FeedbackReason.BOUNCED, False, "scored"),
        (FeedbackReason.BLOCKED, False, "noted"),
        (FeedbackReason.SPAM, False, "noted"),
        (FeedbackReason.OTHER, False, "noted"),
        (FeedbackReason.INVALID, True, "suppressed"),
    ],
)
def test_providers_word_counts_where_there_is_no_status(
    postbag: Postbag, reason: FeedbackReason, permanent: bool, verdict: str
) -> None:
    postbag.send(postbag.add_reader(ANNA))
    event = told(FeedbackKind.BOUNCED, reason=reason, permanent=permanent)

    assert getattr(postbag.take(event), verdict) == 1
