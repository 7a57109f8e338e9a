"""``digest issue correct``: notes, links and the mail, at the command line."""

from collections.abc import Iterator
from datetime import date, datetime

import pytest

from digest.clock import FixedClock
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

FRIDAY = datetime.fromisoformat("2026-11-27T06:59:00+00:00")


@pytest.fixture
def newsroom(empty, run) -> Iterator[Newsroom]:
    """A newsroom with an issue that was sent."""
    with open_newsroom(empty.folder, FixedClock(FRIDAY)) as opened:
        opened.subscribe("anna@example.org")
        opened.ready(date(2026, 11, 27), subject="Cranes")
        run(tick_once(opened.app))
        yield opened


def test_note_is_published_listed_and_taken_back(empty, newsroom) -> None:
    name, link = "weekly/1", "https://courier.example/right"
    done = empty.good(
        *("issue", "correct", name, "It votes on Monday."),
        *("--article", "https://courier.example/0", "--link", link),
    )
    assert "Correction 1 of weekly/1 is published." in done

    listed = empty.good("issue", "correct", name)
    assert "It votes on Monday." in listed
    assert "courier.example/right" in listed

    empty.good("issue", "correct", name, "--take-back", "1")
    assert empty.good("issue", "correct", name) == ""


def test_mail_is_a_draft_for_those_who_got_it(empty, newsroom) -> None:
    empty.good("issue", "correct", "weekly/1", "It votes on Monday.")
    done = empty.good("issue", "correct", "weekly/1", "--mail", "1")
    # Number 2 is the draft that opened by itself.
    assert "weekly/3 is a draft for those whose copy of weekly/1 was accepted." in done
    shown = empty.good("issue", "show", "weekly/3")
    assert "Correction: Cranes" in shown
    assert "It votes on Monday." in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("weekly/1", "x", "--mail", "1"), "one at a time"),
        (("weekly/1", "--link", "https://x.example"), "go with a note"),
        (("weekly/1", "--take-back", "7"), "has no correction 7"),
        (("weekly/1", "x", "--link", "https://x.example"), "which article"),
    ],
)
def test_what_makes_no_sense_is_refused(empty, newsroom, words, said: str) -> None:
    assert said in empty.bad("issue", "correct", *words)
