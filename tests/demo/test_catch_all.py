"""The catch-all mail server over real SMTP, and the read-only look at what it caught."""

import smtplib
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.demo.catch_all import CatchAllServer
from digest.demo.caught import list_mails, open_mail
from digest.errors import NotFound


@pytest.fixture
def server(tmp_path: Path, clock: FixedClock) -> Iterator[CatchAllServer]:
    with CatchAllServer(tmp_path / "mail", clock=clock) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mail"


def letter(number: int = 1) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "The Harbour Courier <friday@courier.example>"
    message["To"] = "Élodie Beauvallon <listed@example.org>"
    message["Subject"] = f"No. {number}: the cranes’ price"
    message["Date"] = "Fri, 27 Nov 2026 06:59:00 +0000"
    message.set_content("Plain words.\n.\nA dot stood above.\n")
    message.add_alternative("<p>Words, <b>set</b>.</p>", subtype="html")
    return message


def post(server: CatchAllServer, number: int = 1) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.send_message(letter(number), "bounce@courier.example", f"reader{number}@example.org")


def test_catch_all_takes_fifty_mails_at_once(server: CatchAllServer, folder: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: post(server, number), range(50)))

    assert server.count() == 50
    assert {mail.to for mail in list_mails(folder)} == {f"reader{n}@example.org" for n in range(50)}
    assert not list((folder / "tmp").iterdir())


def test_catch_all_answers_with_a_queue_id(server: CatchAllServer, folder: Path) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.ehlo()
        client.mail("bounce@courier.example")
        client.rcpt("reader@example.org")
        code, reply = client.data(b"Subject: x\r\n\r\nx\r\n")

    assert code == 250
    assert reply.startswith(b"2.0.0 Ok: queued as ")
    assert reply.rsplit(b" ", 1)[1].decode() in list_mails(folder)[0].name


def test_catch_all_refuses_more_than_eight_megabytes(server: CatchAllServer) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.ehlo()
        client.mail("bounce@courier.example")
        client.rcpt("reader@example.org")
        code, _ = client.data(
            b"Subject: x\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 78 + b"\r\n") * 100_001
        )

    assert code == 552
    assert server.count() == 0


def test_catch_all_handles_pipelined_envelopes(server: CatchAllServer, folder: Path) -> None:
    """Two whole transactions, dots and all, arrive in one piece (RFC 2920)."""
    one = (
        b"MAIL FROM:<a@courier.example>\r\nRCPT TO:<%d@example.org>\r\n"
        b"DATA\r\nSubject: %d\r\n\r\nx\r\n.\r\n"
    )
    with socket.create_connection((server.host, server.port), timeout=10) as wire:
        wire.sendall(b"EHLO test.example\r\n" + one % (1, 1) + one % (2, 2) + b"QUIT\r\n")
        replies = b"".join(iter(lambda: wire.recv(4096), b""))

    assert b"250-PIPELINING\r\n" in replies
    assert replies.count(b"queued as") == 2
    assert {mail.subject for mail in list_mails(folder)} == {"1", "2"}


def test_catch_all_writes_the_envelope_in_front(server: CatchAllServer, folder: Path) -> None:
    with smtplib.SMTP(server.host, server.port, timeout=10) as client:
        client.sendmail(
            "b@courier.example", ["x@example.org", "y@example.net"], b"Subject: s\r\n\r\nt\r\n"
        )
    mail = open_mail(folder, list_mails(folder)[0].name)

    assert mail.headers == (
        ("Return-Path", "<b@courier.example>"),
        ("Delivered-To", "x@example.org"),
        ("Delivered-To", "y@example.net"),
        ("X-RcptTo", "x@example.org, y@example.net"),
        ("Subject", "s"),
    )


def test_catch_all_counts_what_an_earlier_run_left(tmp_path: Path) -> None:
    for _ in range(2):
        with CatchAllServer(tmp_path) as server:
            post(server)

    assert server.count() == 2


def test_caught_mail_lists_envelope_subject_and_date(
    server: CatchAllServer, folder: Path, clock: FixedClock
) -> None:
    post(server, 7)
    (mail,) = list_mails(folder)

    assert (mail.to, mail.subject) == ("reader7@example.org", "No. 7: the cranes’ price")
    assert mail.date == clock.now()
    assert mail.size == (folder / "new" / mail.name).stat().st_size


def test_caught_mail_opens_as_html_and_text(server: CatchAllServer, folder: Path) -> None:
    post(server)
    mail = open_mail(folder, list_mails(folder)[0].name)

    assert mail.html.strip() == "<p>Words, <b>set</b>.</p>"
    assert mail.text.replace("\r\n", "\n") == "Plain words.\n.\nA dot stood above.\n"
    assert mail.header("to") == "Élodie Beauvallon <listed@example.org>"


def test_caught_mail_with_broken_headers_is_still_listed(folder: Path) -> None:
    (folder / "new").mkdir(parents=True)
    (folder / "new" / "1.x").write_bytes(b"Date: some day\nSubject: =?utf-8?q?=FF?=\nTo: <<>\n\nx")
    (mail,) = list_mails(folder)

    assert mail.date is None
    assert open_mail(folder, "1.x").text == "x"


def test_caught_mail_of_an_absent_folder_is_nothing(folder: Path) -> None:
    assert list_mails(folder) == []


@pytest.mark.parametrize(
    "name", ["../../secret", "..", ".", "", "/etc/passwd", "a/b", "none", "link"]
)
def test_caught_mail_never_leaves_the_maildir(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / "new").mkdir(parents=True)
    (tmp_path / "secret").write_text("Subject: secret\n\n")
    (folder / "new" / "link").symlink_to(tmp_path / "secret")

    with pytest.raises(NotFound):
        open_mail(folder, name)
