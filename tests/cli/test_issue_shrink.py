"""Ledgers that become signed sums, at the command line."""

import json
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from digest.clock import FixedClock
from digest.scheduler import tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

LONG_AGO = datetime.fromisoformat("2020-01-03T06:59:00+00:00")


@pytest.fixture
def newsroom(empty, run) -> Iterator[Newsroom]:
    """A newsroom with an issue that was sent years ago; the commands' clock is today's."""
    with open_newsroom(empty.folder, FixedClock(LONG_AGO)) as opened:
        opened.subscribe("anna@example.org", "ben@example.org")
        opened.ready(date(2020, 1, 3))
        run(tick_once(opened.app))
        yield opened


def execute(line, statement: str, *values: object) -> list[tuple[object, ...]]:
    with sqlite3.connect(line.folder / "digest.db") as connection:
        return connection.execute(statement, values).fetchall()


def test_what_is_due_is_shrunk_and_still_proved(empty, newsroom) -> None:
    before = empty.good("issue", "verify", "weekly/1")

    assert empty.good("issue", "shrink") == "weekly/1: its ledger is signed sums now.\n"

    assert execute(empty, "SELECT count(*) FROM deliveries") == [(0,)]
    assert empty.good("issue", "verify", "weekly/1") == before
    assert "2 accepted" in empty.good("status")
    assert empty.good("issue", "shrink") == "No ledger is old enough.\n"


def test_one_issue_is_shrunk_only_when_somebody_means_it(empty, newsroom) -> None:
    assert "--yes" in empty.bad("issue", "shrink", "weekly/1")
    assert execute(empty, "SELECT count(*) FROM deliveries") == [(2,)]

    empty.good("issue", "shrink", "weekly/1", "--yes")

    assert execute(empty, "SELECT count(*) FROM deliveries") == [(0,)]


def test_issue_of_last_week_needs_its_rows(empty, newsroom) -> None:
    recently = datetime.now().astimezone() - timedelta(days=7)
    execute(empty, "UPDATE issues SET sending_at = ?", f"{recently:%Y-%m-%d %H:%M:%S.000000}")

    assert "needs its rows for 14 days" in empty.bad("issue", "shrink", "weekly/1", "--yes")


def test_changed_sums_are_said_by_verify_and_status(empty, newsroom) -> None:
    empty.good("issue", "shrink")
    ((kept,),) = execute(empty, "SELECT sums FROM ledger_sums")
    changed = json.loads(str(kept))
    changed["rows"]["audience"] = {"accepted": 1, "skipped": 1}
    execute(empty, "UPDATE ledger_sums SET sums = ?", json.dumps(changed))

    result = empty("issue", "verify", "weekly/1")

    assert result.status == 1
    assert "DOES NOT BALANCE" in result.out
    assert "their signature does not fit" in result.err
    assert "weekly/1: its sums were changed" in empty.good("status")
