"""Mail that comes back into one of our mailboxes, through the whole program but the wire."""

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.correspondence.incoming.commands import Asked
from digest.correspondence.incoming.returned_again import read_again
from digest.delivery.feedback.keeping import keep_message, list_kept, open_kept
from digest.delivery.return_paths import Sent, return_path
from digest.models import Delivery, SubscriptionState, SuppressionReason
from digest.scheduler import tick_once
from digest.subscribers.lifecycle import find_by_address
from digest.subscribers.standing import list_subscriptions
from digest.subscribers.suppression import find_reason
from digest.testing.newsroom import Newsroom, open_newsroom
from digest.tokens import Purpose

SAMPLES = Path(__file__).parents[2] / "delivery" / "feedback" / "samples"
LAST = 'timezone = "UTC" }'
PLACES = """
[newsletters.mailbox]
address = "friday@courier.example"

[newsletters.bounces]
address = "bounces@courier.example"
"""
MORE = {LAST: f"{LAST}\n{PLACES}"}
FRIDAY, HOUR = datetime(2026, 11, 27, 7, tzinfo=UTC), timedelta(hours=1)
ANNA = "anna@example.org"
SAID = "550 5.1.1 <anna@example.org>: user unknown"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a newsroom that has sent Anna an issue, and the header of her copy; to be
    copied.
    """
    folder, clock = tmp_path_factory.mktemp("sent"), FixedClock(FRIDAY)
    with open_newsroom(folder, clock, more=MORE) as newsroom:
        newsroom.subscribe(ANNA)
        newsroom.ready(clock.now().date())
        asyncio.run(tick_once(newsroom.app))
        ((_, message),) = newsroom.backend.accepted
    return folder, message.partition(b"\r\n\r\n")[0].decode()


@pytest.fixture
def sent(prepared: tuple[Path, str], tmp_path: Path) -> Iterator[Newsroom]:
    """That newsroom an hour later."""
    shutil.copytree(prepared[0], tmp_path / "sent")
    with open_newsroom(tmp_path / "sent", FixedClock(FRIDAY + HOUR), more=MORE) as newsroom:
        yield newsroom


def path_back(newsroom: Newsroom) -> str:
    return return_path(newsroom.app.signer, newsroom.configured, Sent.COPY, 1)


def sample(name: str, **words: str) -> bytes:
    return (SAMPLES / name).read_text().format(**words).encode()


def bounce(to: str, said: str = SAID, status: str = "5.1.1") -> bytes:
    return sample("dsn.eml", to=to, action="failed", status=status, said=said)


def reason(newsroom: Newsroom) -> SuppressionReason | None:
    with newsroom.app.db.read() as session:
        return find_reason(session, newsroom.app.sealer, ANNA)


def state(newsroom: Newsroom) -> SubscriptionState:
    app = newsroom.app
    with app.db.read() as session:
        anna = find_by_address(session, app.sealer, ANNA)
        assert anna is not None
        return list_subscriptions(session, anna.id)[0][1].state


def kept(newsroom: Newsroom) -> list[bytes]:
    with newsroom.app.db.read() as session:
        return [open_kept(newsroom.app.sealer, each) for each in list_kept(session)]


@pytest.mark.parametrize("only_returned", [True, False])
def test_bounce_at_the_signed_return_path_suppresses(sent, only_returned: bool) -> None:
    raw = bounce(path_back(sent))

    asked = sent.app.receive_letter(raw, path_back(sent), only_returned=only_returned)

    assert asked is Asked.REPORT
    assert reason(sent) is SuppressionReason.BOUNCED
    assert kept(sent) == []


def test_return_path_is_found_in_the_header_where_no_envelope_is_known(sent) -> None:
    raw = b"Delivered-To: " + path_back(sent).encode() + b"\n" + bounce("undisclosed")

    sent.app.receive_letter(raw, "")

    assert reason(sent) is SuppressionReason.BOUNCED


@pytest.mark.parametrize(
    "to", ["bounces@courier.example", "bounces+cb.aaaaaaaaaaaaaaaaaaaa@courier.example"]
)
def test_forged_bounce_suppresses_nobody(sent, to: str) -> None:
    assert sent.app.receive_letter(bounce(to), to) is Asked.REPORT
    assert reason(sent) is None


def test_bounce_about_us_suppresses_nobody(sent) -> None:
    to = path_back(sent)
    sent.app.receive_letter(bounce(to, "550 5.7.1 blocked, see spamhaus", "5.0.0"), to)

    assert reason(sent) is None


def complaint(prepared: tuple[Path, str], *names: str) -> bytes:
    """Return a blackened complaint that quotes these headers of Anna's copy."""
    lines = prepared[1].split("\r\n")
    wanted = [line for line in lines if line.partition(":")[0] in names]
    headers = "".join(f"{line}\n" for line in wanted)
    return sample("arf_abuse.eml", type="abuse", fields="", to="redacted", headers=headers)


def test_blackened_complaint_at_any_mailbox_is_proved_by_what_it_returns(sent, prepared) -> None:
    raw = complaint(prepared, "List-Unsubscribe", "Message-ID")

    assert sent.app.receive_letter(raw, "friday@courier.example") is Asked.REPORT
    assert reason(sent) is SuppressionReason.COMPLAINED


def test_link_to_leave_alone_leaves_and_suppresses_nobody(sent, prepared) -> None:
    """Whoever an issue is forwarded to has the link."""
    sent.app.receive_letter(complaint(prepared, "List-Unsubscribe"), "friday@courier.example")

    assert reason(sent) is None
    assert state(sent) is SubscriptionState.UNSUBSCRIBED


def test_complaint_by_its_original_return_path(sent) -> None:
    fields = f"Original-Mail-From: <{path_back(sent)}>\n"
    raw = sample("arf_abuse.eml", type="abuse", fields=fields, to="redacted", headers="")

    sent.app.receive_letter(raw, "bounces@courier.example")

    assert reason(sent) is SuppressionReason.COMPLAINED


def test_complaint_that_proves_nothing_changes_nothing(sent) -> None:
    raw = sample("arf_abuse.eml", type="abuse", fields="", to=ANNA, headers="")

    sent.app.receive_letter(raw, "bounces@courier.example")

    assert reason(sent) is None


def test_leaving_by_mail_works_from_the_bounce_mailbox_too(sent) -> None:
    app = sent.app
    with app.db.read() as session:
        anna = find_by_address(session, app.sealer, ANNA)
        assert anna is not None
        ((_, theirs),) = list_subscriptions(session, anna.id)
    token = app.signer.sign_address(Purpose.LEAVE_BY_MAIL, theirs.public_id)
    raw = f"To: friday+leave.{token}@courier.example\nFrom: {ANNA}\n\n".encode()

    assert app.receive_letter(raw, "", only_returned=True) is Asked.LEAVE
    assert state(sent) is SubscriptionState.UNSUBSCRIBED


@pytest.mark.parametrize(
    "head",
    ["Subject: Out of office: back on Monday", "X-Autoreply: yes\nSubject: Re: This week"],
)
def test_answer_of_who_is_away_is_ignored(sent, head: str) -> None:
    raw = f"Return-Path: <>\nFrom: {ANNA}\n{head}\n\nCall 550 5.1.1 in urgent cases.\n".encode()

    assert sent.app.receive_letter(raw, path_back(sent)) is Asked.AUTOMATIC
    assert kept(sent) == []
    assert reason(sent) is None


def test_what_nobody_understands_is_kept_and_can_be_read_again(sent) -> None:
    raw = b"Return-Path: <>\nFrom: daemon@x.example\nSubject: hm\n\nIt did not go well.\n"
    app = sent.app

    raw = f"Delivered-To: {path_back(sent)}\n".encode() + raw
    assert app.receive_letter(raw, path_back(sent)) is Asked.KEPT
    assert kept(sent) == [raw]
    with app.db.read() as session:
        number = list_kept(session)[0].id
    assert not read_again(app.db, app.reception("pipe"), app.clock, number)
    assert kept(sent) == [raw]


def test_kept_message_says_whom_it_came_to(sent) -> None:
    sent.app.receive_letter(b"Subject: hm\n\nNo.\n", path_back(sent))

    assert kept(sent) == [f"Delivered-To: {path_back(sent)}\nSubject: hm\n\nNo.\n".encode()]


def test_kept_message_that_is_understood_by_now_is_taken_in_and_goes(sent) -> None:
    app = sent.app
    reception = app.reception("pipe")
    raw = f"Delivered-To: {path_back(sent)}\n".encode() + bounce("x")
    with app.db.write() as session:
        rules = app.config.feedback
        keep_message(
            session, app.sealer, raw, place="pipe", why="-", rules=rules, now=app.clock.now()
        )
        number = list_kept(session)[0].id

    assert read_again(app.db, reception, app.clock, number)
    assert kept(sent) == []
    assert reason(sent) is SuppressionReason.BOUNCED


def test_bounce_of_a_letter_of_ours_suppresses_the_address_it_went_to(sent, run) -> None:
    app = sent.app
    raw = b"To: friday+join.weekly@courier.example\nFrom: new@example.org\n\n"
    assert app.receive_letter(raw, "") is Asked.JOIN
    run(tick_once(app))
    paths = [
        each.mail_from for each, _ in sent.backend.accepted if each.rcpt_to == "new@example.org"
    ]

    app.receive_letter(bounce(paths[0]), paths[0])

    with app.db.read() as session:
        found = find_reason(session, app.sealer, "new@example.org")
    assert found is SuppressionReason.BOUNCED


def test_row_keeps_its_state_and_the_sums_stand(sent) -> None:
    before = sent.sums("weekly")
    sent.app.receive_letter(bounce(path_back(sent)), path_back(sent))

    assert sent.sums("weekly") == before
    with sent.app.db.read() as session:
        assert session.get_one(Delivery, 1).state.value == "accepted"
