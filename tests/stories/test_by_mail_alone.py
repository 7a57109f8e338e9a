"""A reader comes, rests and goes by mail alone, and never opens a page."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

DORA, EMIL = "dora@example.org", "emil@example.org"
FRIDAY = date(2026, 11, 27)
WEEK = timedelta(weeks=1)
MAILBOX = '[newsletters.mailbox]\naddress = "friday@courier.example"'


@dataclass
class Mailroom:
    """What goes to and fro between a newsroom and its readers."""

    newsroom: Newsroom
    run: Callable[..., object]
    seen: int = field(default=0)

    def send(self, sender: str, to: str, subject: str = "") -> None:
        """Let a reader write; the mail server pipes it in."""
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = sender, to, subject
        letter.set_content("")
        self.newsroom.app.receive_letter(letter.as_bytes(), to)

    def post_to(self, reader: str) -> list[EmailMessage]:
        """Do a round, and return what it brought to a reader."""
        self.run(tick_once(self.newsroom.app))
        accepted = self.newsroom.backend.accepted
        new, self.seen = accepted[self.seen :], len(accepted)
        return [
            message_from_bytes(message, policy=default)
            for envelope, message in new
            if envelope.rcpt_to == reader
        ]


@pytest.fixture
def mailroom(tmp_path: Path, clock: FixedClock, run) -> Iterator[Mailroom]:
    more = {'07:00:00, timezone = "UTC" }': f'07:00:00, timezone = "UTC" }}\n{MAILBOX}'}
    with open_newsroom(tmp_path, clock, more=more) as newsroom:
        newsroom.subscribe(EMIL)
        newsroom.ready(FRIDAY)
        opened = Mailroom(newsroom, run)
        opened.post_to(EMIL)
        yield opened


def subjects(post: list[EmailMessage]) -> list[str]:
    return [str(message["Subject"]) for message in post]


def address_in(letter: EmailMessage, verb: str) -> str:
    """Return the address in a letter that does something."""
    found = re.search(rf"friday\+{verb}\.[a-z2-7.]+@courier\.example", letter.get_content())
    assert found is not None
    return found[0]


def test_reader_joins_rests_and_leaves_by_mail_alone(mailroom: Mailroom, clock: FixedClock) -> None:
    mailroom.send(DORA, "friday+join.weekly@courier.example", "I want this")
    (asked,) = mailroom.post_to(DORA)
    assert asked["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<?friday\+confirm\.[a-z2-7.]+@courier\.example>?", asked["Reply-To"])

    mailroom.send(DORA, asked["Reply-To"].strip("<>"), f"Re: {asked['Subject']}")
    post = mailroom.post_to(DORA)
    assert sorted(subjects(post)) == ["Issue 1", "Welcome"]
    welcome, issue = sorted(post, key=lambda each: each["Subject"] != "Welcome")

    mailroom.send(DORA, address_in(welcome, "pause"), "2")
    assert subjects(mailroom.post_to(DORA)) == ["Your subscription rests"]
    clock.advance(WEEK)
    mailroom.newsroom.ready(FRIDAY + WEEK)
    assert mailroom.post_to(DORA) == []
    clock.advance(WEEK)
    mailroom.newsroom.ready(FRIDAY + 2 * WEEK)
    assert subjects(mailroom.post_to(DORA)) == ["Issue 3"]

    (_, by_mail) = str(issue["List-Unsubscribe"]).split(", ")
    mailroom.send(DORA, by_mail.removeprefix("<mailto:").removesuffix(">"))
    assert subjects(mailroom.post_to(DORA)) == ["You are unsubscribed"]
    clock.advance(WEEK)
    mailroom.newsroom.ready(FRIDAY + 3 * WEEK)
    assert mailroom.post_to(DORA) == []


def test_thousand_letters_in_one_name_bring_one_letter(mailroom: Mailroom) -> None:
    for _ in range(1000):
        mailroom.send(DORA, "friday+join.weekly@courier.example")

    assert subjects(mailroom.post_to(DORA)) == ["Please confirm your subscription"]


def test_letter_in_anothers_name_tells_them_how_to_leave_and_does_nothing(
    mailroom: Mailroom, clock: FixedClock
) -> None:
    mailroom.send(EMIL, "friday@courier.example", "unsubscribe")
    (letter,) = mailroom.post_to(EMIL)
    clock.advance(WEEK)
    mailroom.newsroom.ready(FRIDAY + WEEK)
    assert subjects(mailroom.post_to(EMIL)) == ["Issue 2"]

    mailroom.send("mallory@example.net", address_in(letter, "leave"))

    assert subjects(mailroom.post_to(EMIL)) == ["You are unsubscribed"]


def test_stranger_who_asks_to_leave_hears_nothing(mailroom: Mailroom) -> None:
    mailroom.send(DORA, "friday+leave.weekly@courier.example")

    assert mailroom.post_to(DORA) == []
