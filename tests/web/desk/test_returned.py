"""What came back, at the desk: for operators altogether, for publishers on a reader's page."""

from datetime import timedelta

from sqlalchemy import select

from digest.delivery.feedback.events import Feedback, FeedbackKind
from digest.delivery.feedback.keeping import count_kept, keep_message
from digest.delivery.feedback.taking import take
from digest.models import AuditEntry, Delivery, DeliveryState, Origin, Role
from digest.subscribers.lifecycle import find_by_address
from digest.testing.past import publish
from tests.web.desk.conftest import Desk

HERE = "/desk/settings/returned"
STRANGE = b"Return-Path: <>\n\nanna@example.org did <b>not</b> go well.\n"


def keep(desk: Desk) -> None:
    app = desk.app
    with app.db.write() as session:
        keep_message(
            session,
            app.sealer,
            STRANGE,
            place="pipe",
            why="no report at all",
            rules=app.config.feedback,
            now=app.clock.now(),
        )


def test_operator_sees_counts_and_messages_without_an_address(desk: Desk) -> None:
    keep(desk)
    browser = desk.signed_in(Role.OPERATOR)

    page = browser.get(HERE).text
    message = browser.get(f"{HERE}/1").text

    assert "no report at all" in page
    assert "did &lt;b&gt;not&lt;/b&gt; go well" in message
    assert "anna" not in message


def test_message_is_read_again_and_removed_and_both_are_on_record(desk: Desk) -> None:
    keep(desk)
    browser = desk.signed_in(Role.OPERATOR)

    answer = browser.post(f"{HERE}/1/retry")
    assert "it stays" in browser.get(answer.headers["Location"]).text
    browser.post(f"{HERE}/1/drop")

    assert browser.get(f"{HERE}/1").status_code == 404
    with desk.app.db.read() as session:
        assert count_kept(session) == 0
        verbs = session.scalars(select(AuditEntry.verb)).all()
    assert {"read returned mail again", "remove returned mail"} <= set(verbs)


def test_publisher_does_not_see_returned_mail(desk: Desk) -> None:
    assert desk.signed_in(Role.PUBLISHER).get(HERE).status_code == 403


def test_readers_page_says_what_came_back_and_why_they_get_nothing(desk: Desk) -> None:
    app, now = desk.app, desk.app.clock.now()
    desk.house.newsroom.subscribe("anna@example.org")
    publish(desk.house.newsroom)
    with app.db.write() as session:
        reader = find_by_address(session, app.sealer, "anna@example.org")
        assert reader is not None
        row = Delivery(
            issue_id=1,
            subscriber_id=reader.id,
            state=DeliveryState.ACCEPTED,
            origin=Origin.AUDIENCE,
            edition="full",
            domain_group="other",
            not_before=now,
            dotted_at=now - timedelta(hours=1),
        )
        session.add(row)
        session.flush()
        said = "550 5.1.1 anna is unknown here"
        event = Feedback(
            FeedbackKind.BOUNCED,
            now,
            "anna@example.org",
            event_id="1",
            reference=f"delivery {row.id}",
            status="5.1.1",
            detail=said,
        )
        take(session, app.feedback_rules, "postmark", [event], now)
        public_id = reader.public_id

    page = desk.signed_in(Role.PUBLISHER).get(f"/desk/readers/who/{public_id}").text

    assert "What came back" in page
    assert "the address is dead" in page
    assert "suppressed everywhere" in page
    assert "is unknown here" in page
    assert "Suppressed: this address gets no mail" in page
