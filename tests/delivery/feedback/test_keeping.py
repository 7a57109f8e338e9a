"""Messages nobody understood: sealed, once each, and gone in time."""

from datetime import timedelta

import pytest

from digest.config import FeedbackConfig
from digest.delivery.feedback.keeping import (
    MOST_BYTES,
    count_kept,
    drop_kept,
    drop_old,
    find_kept,
    keep_message,
    list_kept,
    open_kept,
)
from digest.errors import NotFound
from tests.delivery.feedback.postbag import BEGAN, Postbag

RULES = FeedbackConfig(kept_most=3)


def keep(postbag: Postbag, *messages: bytes, day: int = 0) -> None:
    at = BEGAN + timedelta(days=day)
    for raw in messages:
        with postbag.db.write() as session:
            keep_message(
                session, postbag.sealer, raw, place="pipe", why="no report", rules=RULES, now=at
            )


def kept(postbag: Postbag) -> list[bytes]:
    with postbag.db.read() as session:
        return [open_kept(postbag.sealer, each) for each in list_kept(session)]


def test_message_is_kept_as_it_was_and_names_nobody_at_rest(any_postbag: Postbag) -> None:
    raw = bytes(range(256)) + b" anna@example.org"
    keep(any_postbag, raw, raw)

    assert kept(any_postbag) == [raw]
    with any_postbag.db.read() as session:
        (row,) = list_kept(session)
        assert b"anna" not in row.message_sealed
        assert row.size == len(raw)


def test_long_message_is_cut_and_says_so(postbag: Postbag) -> None:
    keep(postbag, b"x" * (MOST_BYTES + 5))

    assert kept(postbag) == [b"x" * MOST_BYTES]
    with postbag.db.read() as session:
        assert list_kept(session)[0].size == MOST_BYTES + 5


def test_oldest_go_when_there_are_too_many(any_postbag: Postbag) -> None:
    keep(any_postbag, b"one", b"two", b"three", b"four", b"five")

    assert kept(any_postbag) == [b"five", b"four", b"three"]


def test_old_ones_go_and_one_can_be_dropped(postbag: Postbag) -> None:
    keep(postbag, b"old")
    keep(postbag, b"new", b"newest", day=20)
    with postbag.db.write() as session:
        drop_old(session, RULES, BEGAN + timedelta(days=31))
        drop_kept(session, list_kept(session)[0].id)

    assert kept(postbag) == [b"new"]
    with postbag.db.read() as session:
        assert count_kept(session) == 1
        with pytest.raises(NotFound, match="number 77"):
            find_kept(session, 77)
