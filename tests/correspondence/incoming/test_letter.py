"""A message is reduced to what matters, whatever its bytes."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.correspondence.incoming.letter import MOST_RECIPIENTS, read_letter

Mail = Callable[..., bytes]
NAMES = ("From", "To", "Cc", "Subject", "Delivered-To", "Return-Path", "Content-Type", "Precedence")


def test_letter_says_for_whom_and_from_whom_it_is(mail: Mail) -> None:
    letter = read_letter(
        mail("The Courier <Friday+Join.Weekly@Courier.example>", Subject="=?utf-8?B?SGFsbMO2?=")
    )

    assert letter.recipients == ("friday+join.weekly@courier.example",)
    assert letter.sender == "anna@example.org"
    assert letter.subject == "Hallö"
    assert not letter.is_automatic
    assert not letter.is_report


def test_letter_is_first_for_whom_it_was_delivered_to(mail: Mail) -> None:
    raw = mail(
        "someone@example.org", Delivered_To="friday@courier.example", X_Original_To="b@x.example"
    )

    letter = read_letter(raw, "friday+leave.x@courier.example")

    assert letter.recipients == (
        "friday+leave.x@courier.example",
        "friday@courier.example",
        "b@x.example",
        "someone@example.org",
    )


@pytest.mark.parametrize(
    ("said", "sender"),
    [
        ("anna@example.org", "anna@example.org"),
        ("Anna <anna@example.org> (at home)", "anna@example.org"),
        ('"<evil@example.net>" <anna@example.org>', "anna@example.org"),
        ("<a@example.org>, <b@example.org>", None),
        ("a@example.org, b@example.org", None),
        ("Anna", None),
        ("", None),
        ("<anna@example.org\r\nBcc: all@example.org>", None),
        ("(" * 3000 + "anna@example.org", None),
    ],
)
def test_sender_is_the_only_address_in_from(mail: Mail, said: str, sender: str | None) -> None:
    assert read_letter(mail("friday@courier.example", said)).sender == sender


def test_two_froms_are_nobodys() -> None:
    raw = b"From: anna@example.org\r\nFrom: ben@example.org\r\n\r\n"

    assert read_letter(raw).sender is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"),
        ("Auto-Submitted", "auto-generated (rejected)"),
        ("Auto-Submitted", "Auto-Notified; owner=x"),
        ("Precedence", "bulk"),
        ("Precedence", "List"),
        ("Precedence", "junk"),
        ("Precedence", "auto_reply"),
        ("List-Id", "<weekly.example.org>"),
        ("List-Unsubscribe", "<mailto:x@example.org>"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Autoreply", "yes"),
        ("X-Autorespond", "anything"),
        ("Subject", "Automatic reply: Do you want The Courier?"),
        ("Subject", "Re: Out of Office: back on Monday"),
        ("Subject", "Automatische Antwort: Bestätigung"),
        ("Subject", "Abwesenheitsnotiz"),
        ("Subject", "Réponse automatique : absente"),
        ("Subject", "Respuesta automática: fuera de la oficina"),
        ("Subject", "Автоматический ответ: отпуск"),
        ("Subject", "Автоматична відповідь: відпустка"),
        ("Subject", "رد تلقائي: إجازة"),
        ("Subject", "پاسخ خودکار"),
    ],
)
def test_machines_are_told_from_people(mail: Mail, name: str, value: str) -> None:
    letter = read_letter(mail("friday@courier.example", **{name.replace("-", "_"): value}))

    assert letter.is_automatic
    assert not letter.is_report


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@mx.example.org (Mail Delivery System)",
        "Postmaster <postmaster@example.org>",
        "noreply@example.org",
        "Shop <no-reply+17@example.org>",
        "do-not-reply@example.org",
    ],
)
def test_addresses_of_machines_are_no_people(mail: Mail, sender: str) -> None:
    assert read_letter(mail("friday@courier.example", sender)).is_automatic


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "no"),
        ("Precedence", "first-class"),
        ("Subject", "Re: Please confirm"),
        ("Subject", "Automobiles, and how I got out of them"),
        ("Return-Path", "<anna@example.org>"),
        ("Content-Type", "multipart/alternative; boundary=x"),
    ],
)
def test_people_are_taken_for_people(mail: Mail, name: str, value: str) -> None:
    letter = read_letter(mail("friday@courier.example", **{name.replace("-", "_"): value}))

    assert not letter.is_automatic


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Return-Path", "<>"),
        ("Return-Path", "< >"),
        ("Return-Path", "<MAILER-DAEMON>"),
        ("Return-Path", "<MAILER-DAEMON@relay.example>"),
        ("Content-Type", 'multipart/report; report-type="delivery-status"; boundary=x'),
        ("Content-Type", "Multipart/Report; report-type=feedback-report"),
        ("Content-Type", "message/delivery-status"),
    ],
)
def test_reports_are_told_from_letters(mail: Mail, name: str, value: str) -> None:
    letter = read_letter(mail("friday@courier.example", **{name.replace("-", "_"): value}))

    assert letter.is_report
    assert letter.is_automatic


def test_what_stands_in_the_body_is_nothing_to_us(mail: Mail) -> None:
    raw = mail("friday@courier.example") + b"\r\nTo: friday+join.weekly@courier.example\r\n"

    assert read_letter(raw).recipients == ("friday@courier.example",)


def test_huge_header_is_cut_and_read() -> None:
    raw = b"From: anna@example.org\r\n" + b"To: x@courier.example\r\n" * 100_000 + b"\r\n"
    many = b", ".join(b"reader%d@courier.example" % number for number in range(10_000))

    assert read_letter(raw).sender == "anna@example.org"
    assert len(read_letter(b"To: " + many).recipients) == MOST_RECIPIENTS


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?B?!!!?=",
        "=?no-such-set?Q?abc?=",
        "=?utf-8?Q?=FF=FE?=",
        "=?utf-8?B?QQ?=",
        "\xff\xfe",
    ],
)
def test_broken_subject_is_read_as_far_as_it_goes(mail: Mail, subject: str) -> None:
    assert isinstance(read_letter(mail("friday@courier.example", Subject=subject)).subject, str)


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_letter(raw: bytes) -> None:
    letter = read_letter(raw)

    assert letter.subject.splitlines() in ([], [letter.subject])


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=200)), max_size=12))
def test_any_headers_are_a_letter(headers: list[tuple[str, str]]) -> None:
    raw = "".join(f"{name}: {value}\r\n" for name, value in headers)

    letter = read_letter(raw.encode(errors="surrogatepass"), headers[0][1] if headers else None)

    assert all(recipient == recipient.lower() for recipient in letter.recipients)
