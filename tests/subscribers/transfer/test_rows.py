"""One row is a reader, somebody not to be mailed, or a problem that repeats nothing."""

from datetime import UTC, datetime

import pytest

from digest.subscribers.transfer.fates import Fate
from digest.subscribers.transfer.rows import (
    InactiveRow,
    RawRow,
    ReaderRow,
    RowProblem,
    read_time,
    understand,
)


def judged(**cells: str) -> ReaderRow | InactiveRow | RowProblem:
    return understand(RawRow(7, {"address": "anna@example.org", **cells}))


def test_row_becomes_a_reader() -> None:
    reader = judged(first_name="Anna", last_name="Bērziņa", language="LV", joined="2019-05-01")

    assert isinstance(reader, ReaderRow)
    assert (reader.row, reader.address.address) == (7, "anna@example.org")
    assert (reader.name, reader.language, reader.joined) == ("Anna Bērziņa", "lv", "2019-05-01")


@pytest.mark.parametrize("status", ["pending", "Archived", "paused", "non-subscribed"])
def test_row_that_nobody_confirmed_is_left_out(status: str) -> None:
    assert judged(status=status) == InactiveRow(7, status.lower())


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        ("unsubscribed", Fate.LEFT),
        ("false", Fate.LEFT),
        ("Cleaned", Fate.BOUNCED),
        ("complained", Fate.COMPLAINED),
        ("blocklisted", Fate.BLOCKED),
    ],
)
def test_row_of_somebody_not_to_be_mailed_says_why(status: str, fate: Fate) -> None:
    reader = judged(status=status, name="Anna", language="lv", timezone="Europe/Riga")

    assert isinstance(reader, ReaderRow)
    assert (reader.fate, reader.said) == (fate, status.lower())
    assert (reader.name, reader.language, reader.timezone) == (None, None, None)


def test_address_that_is_none_needs_no_mending_where_nobody_is_to_be_mailed() -> None:
    row = RawRow(7, {"address": "anna@", "status": "cleaned"})

    assert understand(row) == InactiveRow(7, "cleaned, no address")


@pytest.mark.parametrize(
    ("field", "cell", "what"),
    [
        ("address", "anna(at)example.org", "not an e-mail address"),
        ("address", "", "not an e-mail address"),
        ("language", "Latviešu", "language tag"),
        ("timezone", "Latvian", "time zone"),
        ("joined", "last summer", "not a time"),
        ("joined", "192.168.100.200", "not a time"),
        ("confirmed", "2001:db8::1", "not a time"),
        ("status", "VIP", "status"),
        ("name", "Anna\nanna@example.org,Eva", "line break"),
        ("name", "x" * 10_001, "longer than 10000"),
    ],
)
def test_problem_names_row_and_field(field: str, cell: str, what: str) -> None:
    problem = judged(**{field: cell})

    assert isinstance(problem, RowProblem)
    assert (problem.row, problem.field) == (7, field)
    assert what in problem.what
    assert not cell or cell not in str(problem)


@pytest.mark.parametrize(
    "text",
    [
        "2019-05-01",
        "2019-05-01 07:08:09",
        "2019-05-01T07:08:09.123Z",
        "5/1/2019 7:08 AM",
        "1.5.2019",
    ],
)
def test_time_in_any_order_is_kept_as_evidence(text: str) -> None:
    reader = judged(confirmed=text)

    assert isinstance(reader, ReaderRow)
    assert reader.confirmed == text


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2019-05-01", datetime(2019, 5, 1, tzinfo=UTC)),
        ("2019-05-01 07:08:09 UTC", datetime(2019, 5, 1, 7, 8, 9, tzinfo=UTC)),
        ("2019-05-01T07:08:09+03:00", datetime(2019, 5, 1, 4, 8, 9, tzinfo=UTC)),
        ("05/01/2019", None),
        ("2019-02-30", None),
        ("0001-01-01T00:00:00+10:00", None),
        ("", None),
    ],
)
def test_time_is_read_only_without_guessing(text: str, at: datetime | None) -> None:
    assert read_time(text) == at
