"""A provider speaks about copies of its own relays only, whatever it knows of others."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.feedback.reach import Reach
from digest.delivery.feedback.taking import Taken, take
from digest.delivery.return_paths import Sent
from digest.models import Delivery, Notice, NoticeState, Subscriber
from tests.delivery.feedback.postbag import BEGAN, Postbag

ANNA = "anna@example.org"
MAIN = Reach(frozenset({"main"}), frozenset({"weekly"}))
OTHER = Reach(frozenset({"other"}), frozenset({"daily"}))


def told(postbag: Postbag, reach: Reach, **names: Any) -> Taken:
    at = BEGAN + timedelta(hours=1)
    event = Feedback(FeedbackKind.COMPLAINED, at, names.pop("recipient", ANNA), **names)
    with postbag.db.write() as session:
        return take(session, postbag.rules, "mailgun", [event], at, reach=reach)


@pytest.mark.parametrize("named", ["reference", "token", "own_message_id", "message_id", "address"])
def test_complaint_counts_for_the_relay_that_had_the_copy_and_for_no_other(
    postbag: Postbag, named: str
) -> None:
    anna = postbag.add_reader(ANNA)
    row = postbag.send(anna, queue_id="Q1")
    names = {
        "reference": f"delivery {row}",
        "token": postbag.token(row),
        "own_message_id": postbag.message_id(row),
        "message_id": "Q1",
        "address": "",
    }
    chosen = {named: names[named]} if named != "address" else {}

    assert told(postbag, OTHER, **chosen) == Taken(unattributed=1)
    assert postbag.reason(anna) is None
    assert told(postbag, MAIN, event_id="2", **chosen) == Taken(suppressed=1)


def test_reader_without_a_copy_is_spoken_of_by_the_newsletters_provider_alone(
    postbag: Postbag,
) -> None:
    postbag.add_reader(ANNA)

    assert told(postbag, OTHER) == Taken(unattributed=1)
    assert told(postbag, MAIN, event_id="2") == Taken(suppressed=1)


def test_copy_that_the_spare_relay_got_is_the_spare_relays(postbag: Postbag) -> None:
    row = postbag.send(postbag.add_reader(ANNA))
    with postbag.db.write() as session:
        session.execute(update(Delivery).where(Delivery.id == row).values(relay="spare"))
    named = {"own_message_id": postbag.message_id(row)}
    spare = Reach(frozenset({"spare"}), frozenset({"weekly"}))

    assert told(postbag, MAIN, **named) == Taken(unattributed=1)
    assert told(postbag, spare, event_id="2", **named) == Taken(suppressed=1)


def test_complaint_about_a_message_that_is_not_ours_is_not_about_our_reader(
    postbag: Postbag,
) -> None:
    """The shop may use the same account."""
    anna = postbag.add_reader(ANNA)
    postbag.send(anna)

    assert told(postbag, MAIN, own_message_id="<1@shop.example>") == Taken(unattributed=1)
    assert postbag.reason(anna) is None


def test_notice_that_came_back_under_its_signed_name_is_heard(postbag: Postbag) -> None:
    anna = postbag.add_reader(ANNA)
    with postbag.db.write() as session:
        reader = session.get_one(Subscriber, anna)
        notice = Notice(
            kind="confirm",
            newsletter_slug="weekly",
            dedupe_key="confirm:1",
            address_sealed=reader.address_sealed,
            address_index=reader.address_index,
            subject="s",
            body_sealed=postbag.sealer.seal("b"),
            state=NoticeState.ACCEPTED,
            next_at=BEGAN,
            created_at=BEGAN,
        )
        session.add(notice)
        session.flush()
        number = notice.id

    assert told(postbag, MAIN, token=postbag.token(number, Sent.NOTICE)) == Taken(suppressed=1)


def test_address_that_nobody_knows_is_counted(postbag: Postbag) -> None:
    assert told(postbag, MAIN, recipient="nobody@example.net") == Taken(unattributed=1)
