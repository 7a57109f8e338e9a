"""What Amazon SES publishes, in our normal form; what is not SES's is refused by field."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from digest.delivery.feedback.events import Feedback, FeedbackKind, FeedbackReason
from digest.delivery.feedback.ses import GREETING, parse_ses
from digest.delivery.outcome import Scope
from digest.errors import BadInput
from tests.delivery.feedback.ses_events import (
    ANNA,
    BOUNCE,
    COMPLAINT,
    DELAY,
    DELIVERY,
    MAIL,
    OPEN,
    OWN_ID,
    REJECT,
    SES_ID,
    SUBSCRIPTION,
)

SNS_ID = "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324"


def parsed(event: Any) -> list[Feedback]:
    return parse_ses(event if isinstance(event, str) else json.dumps(event), SNS_ID)


def changed(event: dict[str, Any], section: str, **values: Any) -> dict[str, Any]:
    return {**event, section: {**event[section], **values}}


def bounce(**values: Any) -> dict[str, Any]:
    """A bounce whose reader's server said nothing, so that SES's own words decide."""
    return changed(BOUNCE, "bounce", bouncedRecipients=[{"emailAddress": ANNA}], **values)


def test_hard_bounce_names_its_copy_in_every_way_there_is() -> None:
    token = f"cabc.{'a' * 20}"
    mail = {**MAIL, "source": f"bounces+{token}@courier.example"}

    assert parsed({**BOUNCE, "mail": mail}) == [
        Feedback(
            kind=FeedbackKind.BOUNCED,
            at=datetime(2026, 11, 27, 7, 0, 6, tzinfo=UTC),
            recipient=ANNA,
            event_id=SNS_ID,
            message_id=SES_ID,
            own_message_id=OWN_ID,
            token=token,
            permanent=True,
            code=550,
            status="5.1.1",
            detail="smtp; 550 5.1.1 <‹address›>: user unknown",
            reason=FeedbackReason.BOUNCED,
        )
    ]


def test_notification_of_an_identity_is_read_like_an_event() -> None:
    notification = {"notificationType": "Bounce", **BOUNCE}
    del notification["eventType"]

    assert parsed(notification) == parsed(BOUNCE)


def test_message_id_is_found_in_the_headers_alone_and_missed_where_there_are_none() -> None:
    bare = {key: MAIL[key] for key in ("timestamp", "source", "messageId", "destination")}

    (by_headers,) = parsed({**BOUNCE, "mail": {**bare, "headers": MAIL["headers"]}})
    (nameless,) = parsed({**BOUNCE, "mail": bare})

    assert by_headers.own_message_id == OWN_ID
    assert (nameless.own_message_id, nameless.token, nameless.message_id) == ("", "", SES_ID)


def test_message_id_that_ses_made_names_nothing_of_ours() -> None:
    theirs = {**MAIL, "commonHeaders": {"messageId": f"<{SES_ID}@eu-west-1.amazonses.com>"}}
    theirs["headers"] = [{"name": "Message-ID", "value": f"<{SES_ID}@email.amazonses.com>"}]

    (told,) = parsed({**BOUNCE, "mail": theirs})

    assert (told.own_message_id, told.message_id) == ("", SES_ID)


@pytest.mark.parametrize(
    ("kind", "subtype", "permanent", "scope"),
    [
        ("Permanent", "General", True, Scope.READER),
        ("Permanent", "NoEmail", True, Scope.READER),
        ("Permanent", "Suppressed", True, Scope.READER),
        ("Permanent", "OnAccountSuppressionList", True, Scope.READER),
        ("Transient", "General", False, Scope.READER),
        ("Transient", "MailboxFull", False, Scope.READER),
        ("Transient", "CustomTimeoutExceeded", False, Scope.READER),
        ("Transient", "MessageTooLarge", False, Scope.MESSAGE),
        ("Transient", "ContentRejected", False, Scope.MESSAGE),
        ("Transient", "AttachmentRejected", False, Scope.MESSAGE),
        ("Undetermined", "Undetermined", False, Scope.MESSAGE),
    ],
)
def test_bounce_is_told_apart_by_type_and_subtype(
    kind: str, subtype: str, permanent: bool, scope: Scope
) -> None:
    (told,) = parsed(bounce(bounceType=kind, bounceSubType=subtype))

    assert told.kind is FeedbackKind.BOUNCED
    assert (told.permanent, told.scope) == (permanent, scope)


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        ("5.7.1", "smtp; 550 5.7.1 blocked", FeedbackReason.BLOCKED),
        ("5.2.2", "smtp; 552 5.2.2 over quota", FeedbackReason.OTHER),
        ("5.2.2", "smtp; 550 5.2.2 over quota", FeedbackReason.BOUNCED),
        ("5.3.4", "smtp; 552 5.3.4 too big", FeedbackReason.OTHER),
        ("4.4.7", "smtp; 550 4.4.7 expired", FeedbackReason.BOUNCED),
    ],
)
def test_status_gainsays_a_permanent_bounce(status: str, said: str, reason: FeedbackReason) -> None:
    reader = {"emailAddress": ANNA, "status": status, "diagnosticCode": said}

    (told,) = parsed(changed(BOUNCE, "bounce", bouncedRecipients=[reader]))

    assert (told.permanent, told.reason) == (False, reason)


def test_unsubscribed_recipient_left() -> None:
    (told,) = parsed(bounce(bounceSubType="UnsubscribedRecipient"))

    assert told.kind is FeedbackKind.UNSUBSCRIBED


def test_two_readers_in_one_event_have_names_of_their_own() -> None:
    readers = [{"emailAddress": ANNA}, {"emailAddress": "ben@example.org"}]

    told = parsed(changed(BOUNCE, "bounce", bouncedRecipients=readers))

    assert [one.event_id for one in told] == [SNS_ID, f"{SNS_ID}#1"]
    assert [one.recipient for one in told] == [ANNA, "ben@example.org"]


@pytest.mark.parametrize("kind", ["abuse", "fraud", "other", None])
def test_complaint_is_one_whatever_the_reader_was_offered(kind: str | None) -> None:
    (told,) = parsed(changed(COMPLAINT, "complaint", complaintFeedbackType=kind))

    assert (told.kind, told.reason) == (FeedbackKind.COMPLAINED, FeedbackReason.SPAM)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "virus"])
def test_report_in_which_no_reader_complained_is_no_complaint(kind: str) -> None:
    assert parsed(changed(COMPLAINT, "complaint", complaintFeedbackType=kind)) == []


def test_delivery_delay_and_rejection() -> None:
    (delivered,), (late,), (refused,) = parsed(DELIVERY), parsed(DELAY), parsed(REJECT)

    assert (delivered.kind, delivered.status) == (FeedbackKind.DELIVERED, "2.6.0")
    assert (late.kind, late.status, late.code) == (FeedbackKind.DEFERRED, "4.2.2", 452)
    assert (refused.kind, refused.scope) == (FeedbackKind.BOUNCED, Scope.MESSAGE)


def test_reader_who_left_all_topics_left_and_nobody_else() -> None:
    back = {"newTopicPreferences": {"unsubscribeAll": False}}

    (told,) = parsed(SUBSCRIPTION)

    assert told.kind is FeedbackKind.UNSUBSCRIBED
    assert parsed(changed(SUBSCRIPTION, "subscription", **back)) == []


@pytest.mark.parametrize(
    "event",
    [
        OPEN,
        {"eventType": "Send", "mail": MAIL, "send": {}},
        GREETING,
        {"notificationType": "AmazonSnsSubscriptionSucceeded", "message": "You have …"},
    ],
    ids=["open", "send", "greeting", "succeeded"],
)
def test_what_says_nothing_about_delivery_becomes_nothing(event: Any) -> None:
    assert parsed(event) == []


@pytest.mark.parametrize(
    ("event", "field"),
    [
        ({}, "notificationType"),
        ({"notificationType": "Received"}, "notificationType"),
        ({"eventType": "anna@example.org"}, "eventType"),
        ({**BOUNCE, "bounce": None}, "bounce"),
        ({**BOUNCE, "mail": []}, "mail"),
        (bounce(bounceType="Boomerang"), "bounce.bounceType"),
        (bounce(timestamp="on Friday"), "bounce.timestamp"),
        (changed(BOUNCE, "bounce", bouncedRecipients=[]), "bounce.bouncedRecipients"),
        (changed(BOUNCE, "bounce", bouncedRecipients=[ANNA]), "bounce.bouncedRecipients"),
        (
            changed(BOUNCE, "bounce", bouncedRecipients=[{"emailAddress": "anna"}]),
            "bounce.bouncedRecipients[0].emailAddress",
        ),
        (changed(DELIVERY, "delivery", recipients=["anna"]), "delivery.recipients.0"),
        (changed(DELIVERY, "mail", messageId=None), "mail.messageId"),
    ],
)
def test_wrong_field_is_named(event: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        parsed(event)

    assert str(caught.value).startswith(f"ses: {field}: ")
    assert "anna" not in str(caught.value)
