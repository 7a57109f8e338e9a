"""Everything is written out, safely and privately; brought into an empty store, nothing is lost."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from digest.clock import FixedClock
from digest.db import Database
from digest.errors import Refused
from digest.keys import KeyRing, new_key_ring
from digest.models import (
    ConsentEvent,
    ConsentText,
    Newsletter,
    Subscriber,
    Subscription,
    Suppression,
    SuppressionReason,
)
from digest.operations.whole_export import export_all
from digest.sealed import Sealer
from digest.subscribers.lifecycle import change, confirm, hide_appeal, join, leave, pause
from digest.subscribers.suppression import suppress
from digest.subscribers.transfer.bundle import Asked
from digest.subscribers.transfer.merge import ImportReport, merge_import
from digest.subscribers.transfer.staging import stage_csv

NOW = datetime(2026, 11, 27, 7, tzinfo=UTC)
NAMES = st.none() | st.sampled_from(["Anna", "=1+1", "-Zoë", "'t Hooft", 'Žanna, Ķ"irse', "@x"])


class Reader:
    """What one reader does before everything is written out."""

    def __init__(self, number: int, drawn: dict[str, Any]) -> None:
        self.address = f"{drawn['sign']}reader{number}@example.org"
        self.drawn = drawn

    def live(self, session: Any, sealer: Sealer, newsletter_id: int) -> None:
        """Join, and what was drawn."""
        drawn = self.drawn
        now = NOW - timedelta(days=9, seconds=drawn["second"])
        made = join(
            *(session, sealer),
            newsletter_id=newsletter_id,
            address=self.address,
            name=drawn["name"],
            language=drawn["language"],
            timezone=drawn["zone"],
            now=now,
            origin="form",
            wording=drawn["wording"],
            policy_version="2026-01",
            policy="We keep your address.",
            evidence={"network": "0f" * 8},
        )
        if drawn["state"] != "pending":
            confirm(session, made.public_id, now=now + timedelta(days=1), origin="link")
            if drawn["edition"] == "headlines":
                told = {"name": drawn["name"], "language": drawn["language"]}
                change(
                    *(session, sealer, made.public_id),
                    timezone=drawn["zone"],
                    edition="headlines",
                    now=now + timedelta(days=2),
                    origin="settings",
                    **told,
                )
                made.hidden_blocks = ["Opinion", "=2+2"]
                hide_appeal(session, made.public_id, NOW + timedelta(days=30))
        if drawn["state"] == "paused":
            until = NOW + timedelta(days=20)
            pause(session, made.public_id, until=until, now=now + timedelta(days=3), origin="link")
        if drawn["state"] == "left":
            leave(session, made.public_id, now=now + timedelta(days=4), origin="link")
        if drawn["reason"]:
            suppress(session, sealer, self.address, drawn["reason"], now=NOW - timedelta(days=1))


READERS = st.lists(
    st.fixed_dictionaries(
        {
            "sign": st.sampled_from(["", "+", "=", "'"]),
            "name": NAMES,
            "language": st.sampled_from([None, "lv", "pt-BR"]),
            "zone": st.sampled_from([None, "Europe/Riga"]),
            "state": st.sampled_from(["pending", "active", "paused", "left"]),
            "edition": st.sampled_from(["full", "headlines"]),
            "wording": st.sampled_from(["Yes, every Friday.", "Jā, katru piektdienu."]),
            "second": st.integers(0, 1000),
            "reason": st.sampled_from(
                [None, None, *set(SuppressionReason) - {SuppressionReason.ERASED}]
            ),
        }
    ),
    max_size=6,
)


@contextmanager
def store(migrated_file: Path, folder: Path, slugs: tuple[str, ...]) -> Iterator[Database]:
    folder.mkdir()
    (folder / "digest.db").write_bytes(migrated_file.read_bytes())
    db = Database(f"sqlite:///{folder / 'digest.db'}")
    with db.write() as session:
        for slug in slugs:
            made = Newsletter(slug=slug, furniture={}, skip_dates=[], created_at=NOW)
            session.add(made)
            session.flush()
    yield db
    db.close()


def newsletter_ids(db: Database) -> dict[str, int]:
    with db.read() as session:
        return dict(session.execute(select(Newsletter.slug, Newsletter.id)).all())


def everything(db: Database, sealer: Sealer) -> dict[str, Any]:
    """Return what a store knows of readers, by address, without its own numbers."""
    with db.read() as session:
        texts = dict(session.execute(select(ConsentText.digest, ConsentText.wording)).all())
        slugs = dict(session.execute(select(Newsletter.id, Newsletter.slug)).all())
        people = {each.id: each for each in session.scalars(select(Subscriber))}
        found: dict[str, Any] = {}
        for each in session.scalars(select(Subscription)):
            person = people[each.subscriber_id]
            name = sealer.open(person.name_sealed) if person.name_sealed else None
            events = session.scalars(
                select(ConsentEvent)
                .where(
                    ConsentEvent.subscriber_id == person.id,
                    ConsentEvent.newsletter_id == each.newsletter_id,
                )
                .order_by(ConsentEvent.id)
            )
            kept = ("state", "edition", "language", "timezone", "domain_group", "paused_until")
            more = ("appeal_hidden_until", "hidden_blocks", "joined_at", "changed_at")
            found[f"{sealer.open(person.address_sealed)} {slugs[each.newsletter_id]}"] = (
                name,
                {column: getattr(each, column) for column in (*kept, *more)},
                sorted(
                    repr(
                        (
                            *(event.kind, event.at, event.origin, event.policy_version),
                            *(event.evidence, texts.get(event.text_digest or "")),
                            texts.get(event.policy_digest or ""),
                        )
                    )
                    for event in events
                    if not event.origin.startswith("import ")
                ),
            )
        suppressions = select(Suppression.address_index, Suppression.reason, Suppression.at)
        found["suppressed"] = sorted(map(repr, session.execute(suppressions).all()))
    return found


def bring_back(db: Database, sealer: Sealer, folder: Path, slug: str) -> ImportReport:
    where = {"newsletter_id": newsletter_ids(db)[slug], "folder": folder.parent}
    clock = FixedClock(NOW)
    staged = stage_csv(db, sealer, folder, asked=Asked(slug=slug), clock=clock, **where)
    assert (staged.counts.bad, staged.problems) == (0, ())
    return merge_import(db, staged, clock=clock)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(weekly=READERS, daily=READERS, stranger=st.sampled_from(SuppressionReason))
def test_round_trip_loses_nothing(
    migrated_file: Path,
    keys: KeyRing,
    weekly: list[dict[str, Any]],
    daily: list[dict[str, Any]],
    stranger: SuppressionReason,
) -> None:
    sealer, slugs = Sealer(keys), ("weekly", "daily")
    with (
        TemporaryDirectory() as name,
        store(migrated_file, Path(name) / "old", slugs) as old,
        store(migrated_file, Path(name) / "new", slugs) as new,
    ):
        folder = Path(name) / "out"
        ids = newsletter_ids(old)
        with old.write() as session:
            for slug, drawn in (("weekly", weekly), ("daily", daily)):
                for number, each in enumerate(drawn):
                    Reader(number, each).live(session, sealer, ids[slug])
            suppress(session, sealer, "stranger@example.net", stranger, now=NOW, detail="by hand")
        export_all(old, sealer, folder, NOW)
        for slug in slugs:
            bring_back(new, sealer, folder, slug)

        assert everything(new, sealer) == everything(old, sealer)


@pytest.fixture
def lived(db: Database, sealer: Sealer) -> Database:
    """A store with a reader of each kind."""
    with db.write() as session:
        made = Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW)
        session.add(made)
        session.flush()
        usual = {"name": "=cmd()", "language": None, "zone": None, "edition": "full"}
        usual |= {"wording": "Yes.", "second": 0, "sign": "", "reason": None}
        for number, state in enumerate(("active", "left", "pending")):
            Reader(number, {**usual, "state": state}).live(session, sealer, made.id)
        suppress(session, sealer, "reader0@example.org", SuppressionReason.COMPLAINED, now=NOW)
        suppress(session, sealer, "gone@example.net", SuppressionReason.ERASED, now=NOW)
    return db


def test_every_file_is_private(lived: Database, sealer: Sealer, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    written = export_all(lived, sealer, folder, NOW)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert {path.name for path in folder.iterdir()} == {
        "friday-export.json",
        *(each.name for each in written),
    }


def test_no_cell_is_computed_by_a_spreadsheet(
    lived: Database, sealer: Sealer, tmp_path: Path
) -> None:
    export_all(lived, sealer, tmp_path / "out", NOW)
    for path in (tmp_path / "out").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]

        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_who_must_not_be_mailed_has_an_address_where_we_hold_it(
    lived: Database, sealer: Sealer, tmp_path: Path
) -> None:
    export_all(lived, sealer, tmp_path / "out", NOW)
    with (tmp_path / "out" / "suppressions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    assert [(row["email"], row["reason"]) for row in rows] == [
        ("reader0@example.org", "complained"),
        ("", "erased"),
    ]
    assert rows[1]["address_hash"] == sealer.index("gone@example.net").hex()


def test_hashes_of_another_key_are_left_out_and_said(
    lived: Database, sealer: Sealer, tmp_path: Path, migrated_file: Path
) -> None:
    export_all(lived, sealer, tmp_path / "out", NOW)
    with store(migrated_file, tmp_path / "new", ("weekly",)) as new:
        other = Sealer(new_key_ring())
        bring_back(new, other, tmp_path / "out", "weekly")
        with new.read() as session:
            kept = session.scalars(select(Suppression.address_index)).all()

        assert kept == [other.index("reader0@example.org")]


def test_export_comes_back_on_postgresql(
    lived: Database, sealer: Sealer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    export_all(lived, sealer, tmp_path / "out", NOW)
    server, template = (
        request.getfixturevalue(name) for name in ("postgres_server", "postgres_migrated")
    )
    with server.database(template=template) as url:
        other = Database(url)
        with other.write() as session:
            session.add(Newsletter(slug="weekly", furniture={}, skip_dates=[], created_at=NOW))
        bring_back(other, sealer, tmp_path / "out", "weekly")
        found = everything(other, sealer)
        other.close()

    assert found == everything(lived, sealer)


def test_export_may_be_repeated_and_never_mixes_with_other_files(
    lived: Database, sealer: Sealer, tmp_path: Path
) -> None:
    folder, other = tmp_path / "out", tmp_path / "other"
    first = export_all(lived, sealer, folder, NOW)
    (folder / ".subscribers-weekly.csv.part").write_text("cut off")
    other.mkdir()
    (other / "letter.txt").write_text("mine")

    assert export_all(lived, sealer, folder, NOW) == first
    assert not list(folder.glob(".*"))
    with pytest.raises(Refused, match="has other files in it"):
        export_all(lived, sealer, other, NOW)
    assert [path.name for path in other.iterdir()] == ["letter.txt"]


def test_interrupted_export_leaves_the_earlier_files_whole(
    lived: Database, sealer: Sealer, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    export_all(lived, sealer, folder, NOW)
    before = (folder / "subscribers-weekly.csv").read_bytes()

    def stop(name: str, _done: int, _total: int) -> None:
        raise KeyboardInterrupt(name)

    with pytest.raises(KeyboardInterrupt):
        export_all(lived, sealer, folder, NOW, stop)

    assert (folder / "subscribers-weekly.csv").read_bytes() == before
    assert not list(folder.glob(".*"))


def test_tables_are_json_line_by_line(lived: Database, sealer: Sealer, tmp_path: Path) -> None:
    export_all(lived, sealer, tmp_path / "out", NOW)
    (line,) = (tmp_path / "out" / "newsletters.jsonl").read_text().splitlines()
    told = json.loads((tmp_path / "out" / "friday-export.json").read_text())

    assert json.loads(line)["slug"] == "weekly"
    assert told["files"]["subscribers-weekly.csv"] == 3
    assert (tmp_path / "out" / "consent-texts.json").read_text().count("Yes.") == 1
