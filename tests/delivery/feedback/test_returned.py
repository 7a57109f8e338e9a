"""Reports (RFC 3464, RFC 5965) as Feedback, and messages that are none."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery.feedback.classes import BounceClass
from digest.delivery.feedback.events import Feedback, FeedbackKind, Phase
from digest.delivery.feedback.returned import MOST_BYTES, read_returned
from digest.delivery.feedback.taking import class_of

SAMPLES = Path(__file__).parent / "samples"
NOW = datetime(2026, 9, 4, 12, tzinfo=UTC)
SAID = "550 5.1.1 <anna@example.org>: user unknown"


def dsn(action: str = "failed", status: str = "5.1.1", said: str = SAID) -> bytes:
    text = (SAMPLES / "dsn.eml").read_text()
    filled = text.format(to="bounces@courier.example", action=action, status=status, said=said)
    return filled.encode()


def arf(
    kind: str = "abuse", fields: str = "", to: str = "anna@example.org", headers: str = ""
) -> bytes:
    text = (SAMPLES / "arf_abuse.eml").read_text()
    return text.format(type=kind, fields=fields, to=to, headers=headers).encode()


def read(raw: bytes, token: str = "") -> tuple[str, tuple[Feedback, ...]]:
    found = read_returned(raw, token, NOW)
    return found.how, found.events


def test_everything_in_a_report_is_read() -> None:
    how, (event,) = read(dsn(), "cb.token")

    assert how == "dsn"
    assert event.kind is FeedbackKind.BOUNCED
    assert (event.recipient, event.status, event.code) == ("anna@example.org", "5.1.1", 550)
    assert (event.reference, event.message_id, event.token) == ("d17", "4XYZ12", "cb.token")
    assert event.own_message_id == "<0123456789abcdef0123456789abcdef@courier.example>"
    assert event.at == datetime(2026, 9, 4, 7, 0, 1, tzinfo=UTC)
    assert "anna" not in event.detail


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", FeedbackKind.BOUNCED),
        ("failed", "4.4.7", FeedbackKind.BOUNCED),
        ("Failed (expired)", "4.4.7", FeedbackKind.BOUNCED),
        ("delayed", "4.4.1", FeedbackKind.DEFERRED),
        ("delivered", "2.1.5", FeedbackKind.DELIVERED),
        ("relayed", "2.1.9", FeedbackKind.DELIVERED),
        ("expanded", "2.0.0", FeedbackKind.DELIVERED),
        ("nonsense", "5.1.1", FeedbackKind.BOUNCED),
        ("nonsense", "4.1.1", FeedbackKind.DEFERRED),
    ],
)
def test_action_says_what_became_of_the_copy(action: str, status: str, kind: FeedbackKind) -> None:
    _, (event,) = read(dsn(action, status))

    assert event.kind is kind


def test_phase_is_read_where_the_server_says_it() -> None:
    said = "554 no thanks (in reply to end of DATA command)"
    _, (event,) = read(dsn(status="5.0.0", said=said))

    assert event.phase is Phase.DATA
    assert class_of(event) is BounceClass.MESSAGE


def test_status_of_the_other_server_wins_over_one_that_says_nothing() -> None:
    _, (event,) = read(dsn(status="5.0.0", said="550 5.2.1 disabled"))

    assert event.status == "5.2.1"


def test_same_message_tells_the_same_thing_under_the_same_id() -> None:
    assert read(dsn())[1][0].event_id == read(dsn())[1][0].event_id
    assert read(dsn())[1][0].event_id != read(dsn("delayed"))[1][0].event_id


def test_report_for_several_recipients_is_an_event_for_each() -> None:
    raw = dsn().replace(
        b"\n--part\nContent-Type: text/rfc822-headers",
        b"\nFinal-Recipient: rfc822; ben@example.org\nAction: delayed\nStatus: 4.4.1\n"
        b"\n--part\nContent-Type: text/rfc822-headers",
    )
    _, events = read(raw)

    assert [(event.recipient, event.kind) for event in events] == [
        ("anna@example.org", FeedbackKind.BOUNCED),
        ("ben@example.org", FeedbackKind.DEFERRED),
    ]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("abuse", [FeedbackKind.COMPLAINED]),
        ("fraud", [FeedbackKind.COMPLAINED]),
        ("opt-out", [FeedbackKind.UNSUBSCRIBED]),
        ("not-spam", []),
        ("virus", []),
        ("auth-failure", []),
        ("something-new", []),
    ],
)
def test_type_of_a_complaint(kind: str, expected: list[FeedbackKind]) -> None:
    how, events = read(arf(kind))

    assert how == "arf"  # understood, even where nothing is asked of us
    assert [event.kind for event in events] == expected


def test_blackened_complaint_still_carries_what_proves_whose_it_is() -> None:
    token = "aXcy-7_" * 10
    fields = "Original-Mail-From: <bounces+cb.token@courier.example>\n"
    headers = (
        "Message-ID: <0123456789abcdef0123456789abcdef@courier.example>\n"
        f"List-Unsubscribe: <https://courier.example/u/{token}>,\n <mailto:x@courier.example>\n"
    )
    _, (event,) = read(arf(fields=fields, to="redacted", headers=headers))

    assert event.recipient == ""
    assert event.return_path == "bounces+cb.token@courier.example"
    assert event.leave_token == token
    assert event.own_message_id == "<0123456789abcdef0123456789abcdef@courier.example>"


def test_plain_refusal_at_a_signed_return_path_needs_no_address() -> None:
    raw = b"From: MAILER-DAEMON@x.example\nSubject: returned\n\nIt was refused: 550 5.1.1 nobody\n"

    assert read(raw) == ("", ())
    how, (event,) = read(raw, "cb.token")
    assert (how, event.status, class_of(event)) == ("guess", "5.1.1", BounceClass.HARD)


def test_finder_finds_in_a_message_without_a_sender_too() -> None:
    raw = b"Subject: failed\n\nInvalid final delivery userid: anna@example.org\n"
    how, (event,) = read(b"X-Mailer: <SMTP32 v9>\n" + raw)

    assert (how, event.recipient) == ("guess", "anna@example.org")


def test_message_that_is_no_report_is_not_understood() -> None:
    assert read(b"From: anna@example.org\nSubject: Hello\n\nWhat a fine issue.\n", "cb.t") == (
        "",
        (),
    )


def test_huge_message_is_read_to_a_limit_and_its_report_is_found() -> None:
    raw = dsn() + b"x" * (3 * MOST_BYTES)

    assert read(raw)[0] == "dsn"


@given(st.binary(max_size=300), st.integers(0, 1500))
def test_damaged_reports_never_raise(noise: bytes, at: int) -> None:
    whole = dsn()
    read(whole[:at] + noise + whole[at + 50 :], "cb.token")
    read(noise)
