"""An import killed with -9, again and again, loses nobody, doubles nobody, and shows nobody before
its end.
"""

import multiprocessing
import zipfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from digest.clock import FixedClock, SystemClock
from digest.db import Database
from digest.keys import KeyRing
from digest.models import ConsentEvent, Subscriber, Subscription, Suppression
from digest.sealed import Sealer
from digest.subscribers.audience import audience_count
from digest.subscribers.transfer.merge import ImportReport, merge_import
from digest.subscribers.transfer.reading import BLOCK_ROWS
from digest.subscribers.transfer.staging import stage_csv

COUNT = 2 * BLOCK_ROWS
PATIENCE_SECONDS = 60


def run_import(
    db: Database, keys: KeyRing, path: Path, newsletter_id: int, told: Connection | None = None
) -> ImportReport:
    def tell(what: str) -> Any:
        return lambda _done, _total: None if told is None else told.send(what)

    staged = stage_csv(
        db,
        Sealer(keys),
        path,
        newsletter_id=newsletter_id,
        folder=path.parent,
        clock=SystemClock(),
        progress=tell("staging"),
    )
    return merge_import(db, staged, clock=SystemClock(), progress=tell("merging"))


def run_elsewhere(
    url: str, keys: KeyRing, path: Path, newsletter_id: int, told: Connection
) -> None:
    run_import(Database(url), keys, path, newsletter_id, told)


def kill_while(what: str, times: int, url: str, *arguments: Any) -> None:
    """Run the import in a process of its own, and kill it once it has said `what` so often."""
    start = multiprocessing.get_context("spawn")
    heard, told = start.Pipe(duplex=False)
    process = start.Process(target=run_elsewhere, args=(url, *arguments, told))
    process.start()
    told.close()
    while times:
        assert heard.poll(PATIENCE_SECONDS)
        times -= heard.recv() == what
    process.kill()
    process.join(PATIENCE_SECONDS)
    heard.close()

    assert process.exitcode == -9


def test_zip_with_people_who_left_is_whole_in_the_end_as_well(
    db: Database, keys: KeyRing, clock: FixedClock, newsletter_id: int, tmp_path: Path
) -> None:
    files = {"subscribed": "a", "unsubscribed": "u", "cleaned": "c"}
    count = COUNT // 4
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, letter in files.items():
            rows = "".join(f"{letter}{n}@example.org,x,x\n" for n in range(count))
            archive.writestr(f"{name}_members_export_1.csv", f"Email Address,LEID,EUID\n{rows}")
    arguments = (str(db.engine.url), keys, path, newsletter_id)
    for what, times in [("staging", 2), ("merging", 2), ("merging", 9)]:
        kill_while(what, times, *arguments)
        with db.read() as session:
            assert audience_count(session, newsletter_id, clock.now()) == 0
    report = run_import(db, keys, path, newsletter_id)
    with db.read() as session:
        tables = (Subscriber, Subscription, ConsentEvent, Suppression)
        counted = [session.scalar(select(func.count()).select_from(table)) for table in tables]
        readers = audience_count(session, newsletter_id, clock.now())

    assert (report.added, report.gone, report.barred, readers) == (count, count, count, count)
    assert counted == [2 * count, 2 * count, 2 * count, count]


def test_import_killed_at_any_point_is_whole_in_the_end(
    db: Database, keys: KeyRing, clock: FixedClock, newsletter_id: int, tmp_path: Path
) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("email\n" + "".join(f"reader{n}@example.org\n" for n in range(COUNT)))
    arguments = (str(db.engine.url), keys, path, newsletter_id)
    for what, times in [("staging", 1), ("staging", 2), ("merging", 1), ("merging", 3)]:
        kill_while(what, times, *arguments)
        with db.read() as session:
            assert audience_count(session, newsletter_id, clock.now()) == 0
    report = run_import(db, keys, path, newsletter_id)
    with db.read() as session:
        counted = [
            session.scalar(select(func.count()).select_from(table))
            for table in (Subscriber, Subscription, ConsentEvent)
        ]
        readers = audience_count(session, newsletter_id, clock.now())

    assert (report.added, readers, counted) == (COUNT, COUNT, [COUNT] * 3)
