"""The export holds every reader, tricks no spreadsheet, and comes back whole by an import."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from digest.clock import FixedClock
from digest.db import Database
from digest.models import Subscriber, SuppressionReason
from digest.sealed import Sealer
from digest.subscribers.suppression import suppress
from digest.subscribers.transfer.csv_export import export_csv, guarded
from digest.subscribers.transfer.csv_file import unguarded
from digest.subscribers.transfer.fates import WORDS, Fate
from digest.subscribers.transfer.merge import merge_import


def exported(
    db: Database, sealer: Sealer, newsletter_id: int, **options: bool
) -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    count = export_csv(db, sealer, newsletter_id, out, **options)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert count == len(rows)
    return rows


def test_export_holds_every_state(
    any_db: Database, sealer: Sealer, clock: FixedClock, newsletter_in: Any, reader: Any
) -> None:
    newsletter_id = newsletter_in(any_db)
    with any_db.write() as session:
        for state in ("pending", "active", "paused", "left"):
            reader(session, newsletter_id, f"{state}@x.org", state)
    rows = exported(any_db, sealer, newsletter_id)

    assert [row["status"] for row in rows] == ["pending", "active", "paused", "unsubscribed"]
    assert rows[1] == {
        "email": "active@x.org",
        "name": "Anna",
        "status": "active",
        "edition": "full",
        "language": "",
        "timezone": "",
        "joined_at": clock.now().isoformat(),
        "confirmed_at": clock.now().isoformat(),
        "changed_at": clock.now().isoformat(),
        "paused_until": "",
    }


def test_suppressed_reader_is_no_active_one(
    any_db: Database, sealer: Sealer, clock: FixedClock, newsletter_in: Any, reader: Any
) -> None:
    newsletter_id, now = newsletter_in(any_db), clock.now()
    reasons = [SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED, SuppressionReason.MANUAL]
    with any_db.write() as session:
        for reason in reasons:
            reader(session, newsletter_id, f"{reason}@x.org", "active")
            suppress(session, sealer, f"{reason}@x.org", reason, now=now)
    rows = exported(any_db, sealer, newsletter_id)

    assert [row["status"] for row in rows] == ["bounced", "complained", "blocked"]
    assert all((WORDS[row["status"]] or 0) > Fate.LEFT for row in rows)


def test_export_leaves_out_what_is_half_imported(
    db: Database, sealer: Sealer, clock: FixedClock, newsletter_id: int, stage: Any
) -> None:
    def killed(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    staged = stage(db, newsletter_id, "email\nanna@x.org\n")
    with pytest.raises(KeyboardInterrupt):
        merge_import(db, staged, clock=clock, progress=killed)

    assert exported(db, sealer, newsletter_id) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "'="])
def test_export_guards_what_a_spreadsheet_would_compute(start: str) -> None:
    assert guarded(f'{start}HYPERLINK("//x.org")') == f'\'{start}HYPERLINK("//x.org")'


@pytest.mark.parametrize("cell", ["Anna", "", "'", "O'Neill", "'t Hooft", "3 - 1"])
def test_export_leaves_harmless_cells_alone(cell: str) -> None:
    assert guarded(cell) == cell


@given(st.text(alphabet="'=+-@\t\r\nab"))
def test_guard_comes_off_again(cell: str) -> None:
    assert unguarded(guarded(cell)) == cell


def test_export_is_raw_on_demand(
    db: Database, sealer: Sealer, newsletter_id: int, reader: Any
) -> None:
    with db.write() as session:
        reader(session, newsletter_id, "=anna@x.org")
    emails = [exported(db, sealer, newsletter_id, raw=raw)[0]["email"] for raw in (False, True)]

    assert emails == ["'=anna@x.org", "=anna@x.org"]


def test_export_comes_back_whole_by_an_import(
    db: Database,
    sealer: Sealer,
    clock: FixedClock,
    newsletter_id: int,
    newsletter_in: Any,
    stage: Any,
) -> None:
    header = "email,name,language,timezone,joined,confirmed\n"
    rows = "+anna@x.org,-Zoë,lv,Europe/Riga,2019-05-01,2019-05-02\n'eva@x.org,'=1+1,,,,\n"
    merge_import(db, stage(db, newsletter_id, header + rows), clock=clock)
    out = io.StringIO(newline="")
    export_csv(db, sealer, newsletter_id, out)
    other = newsletter_in(db, "other")
    with db.write() as session:
        for subscriber in session.scalars(select(Subscriber)):
            subscriber.name_sealed = None
    merge_import(db, stage(db, other, out.getvalue()), clock=clock)
    kept = ("email", "language", "timezone", "joined_at")
    before, after = (exported(db, sealer, each) for each in (newsletter_id, other))

    assert [[row[key] for key in kept] for row in after] == [
        [row[key] for key in kept] for row in before
    ]
