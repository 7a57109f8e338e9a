"""Everything an instance holds that another system could use, as files of CSV and JSON.

Reads only. Each file is written beside its name and then put in its place, mode 0600, in a folder
of mode 0700: an interrupted export leaves whole files, old or new, and is simply repeated. Left out
are keys, passwords and sessions, what waits to be sent, who got which issue, which is not kept for
long here either, and what readers pay.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from sqlalchemy import RowMapping, select, tuple_

from digest.db import Database
from digest.errors import Refused
from digest.models import (
    Article,
    AuditEntry,
    Base,
    ConsentText,
    Correction,
    Editor,
    Import,
    Issue,
    Newsletter,
    Pick,
    ReaderDay,
    Section,
    Source,
)
from digest.sealed import Sealer
from digest.subscribers.transfer.barred_export import export_barred
from digest.subscribers.transfer.bundle import READERS_OF, TEXTS
from digest.subscribers.transfer.csv_export import export_csv, guarded_row, lines

MARK = "friday-export.json"  # says whose folder it is, and what is in it
BARRED = "suppressions.csv"
PAGE_ROWS = 500
Progress = Callable[[str, int, int], None]

# What is written row by row as JSON Lines, each row with all its columns.
_TABLES: Sequence[tuple[str, type[Base]]] = (
    ("newsletters.jsonl", Newsletter),
    ("sections.jsonl", Section),
    ("issues.jsonl", Issue),
    ("picks.jsonl", Pick),
    ("corrections.jsonl", Correction),
    ("articles.jsonl", Article),
    ("readers-by-day.jsonl", ReaderDay),
    ("imports.jsonl", Import),
    ("audit.jsonl", AuditEntry),
)
_OF_A_RUN = frozenset({"message_key_id", "first_hash", "etag", "last_modified"})


class Written(NamedTuple):
    """One file, and how many rows are in it."""

    name: str
    rows: int


def export_all(
    db: Database,
    sealer: Sealer,
    folder: Path,
    now: datetime,
    progress: Progress = lambda _name, _done, _total: None,
) -> list[Written]:
    """Write everything into `folder`, which is made when it is missing, and return what was
    written. `progress` is told the file, the rows written and, where it is known, in all.

    Refused for a folder with files of somebody else.
    """
    _claim(folder)
    with db.read() as session:
        newsletters = session.execute(select(Newsletter.id, Newsletter.slug)).all()
    written = []
    for newsletter_id, slug in newsletters:
        name = READERS_OF.format(slug)
        with _file(folder, name) as out:
            rows = export_csv(
                *(db, sealer, newsletter_id, out),
                whole=True,
                progress=partial(progress, name),
            )
        written.append(Written(name, rows))
    with _file(folder, BARRED) as out:
        written.append(Written(BARRED, export_barred(db, sealer, out)))
    written += [_export_texts(db, folder), _export_sources(db, folder)]
    written.append(_export_editors(db, sealer, folder))
    for name, model in _TABLES:
        progress(name, 0, 0)
        with _file(folder, name) as out:
            written.append(Written(name, _export_table(db, model, out)))
    with _file(folder, MARK) as out:
        told = {"schema": "friday.export.1", "at": now.isoformat(), "files": dict(written)}
        json.dump(told, out, indent=1)
    return written


def _claim(folder: Path) -> None:
    """Make the folder, or see that it is one of ours."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()) and not (folder / MARK).exists():
        raise Refused(f"{folder}: has other files in it; give an empty folder or an earlier export")
    (folder / MARK).touch(mode=0o600)  # an interrupted export is found again as ours
    folder.chmod(0o700)


@contextmanager
def _file(folder: Path, name: str) -> Iterator[TextIO]:
    """Yield a file that takes the place of `name` once it is whole; a failure leaves none."""
    beside = folder / f".{name}.part"
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        beside.replace(folder / name)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _export_texts(db: Database, folder: Path) -> Written:
    with db.read() as session:
        texts = dict(session.execute(select(ConsentText.digest, ConsentText.wording)).all())
    with _file(folder, TEXTS) as out:
        json.dump(texts, out, ensure_ascii=False, indent=1)
    return Written(TEXTS, len(texts))


def _export_sources(db: Database, folder: Path) -> Written:
    columns = ("kind", "name", "url", "active")
    with db.read() as session:
        found = session.scalars(select(Source).order_by(Source.id)).all()
    rows = [[str(getattr(each, column)) for column in columns] for each in found]
    return _write_csv(folder, "sources.csv", columns, rows)


def _export_editors(db: Database, sealer: Sealer, folder: Path) -> Written:
    """Write who works at the desk, without anything they sign in with; audit.jsonl has their
    numbers.
    """
    with db.read() as session:
        found = session.scalars(select(Editor).order_by(Editor.id)).all()
    rows = [
        [
            *(str(each.id), sealer.open(each.name_sealed), sealer.open(each.address_sealed)),
            *(each.role.value, str(each.active)),
        ]
        for each in found
    ]
    return _write_csv(folder, "editors.csv", ("number", "name", "email", "role", "active"), rows)


def _write_csv(
    folder: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> Written:
    with _file(folder, name) as out:
        out.write(lines([columns]))
        out.write(lines(map(guarded_row, rows)))
    return Written(name, len(rows))


def _export_table(db: Database, model: type[Base], out: TextIO) -> int:
    """Write a table page by page, each read in a transaction of its own, and return its rows."""
    count, last = 0, None
    keys = list(model.__table__.primary_key)
    while True:
        wanted = select(model.__table__).order_by(*keys).limit(PAGE_ROWS)
        if last is not None:
            wanted = wanted.where(tuple_(*keys) > tuple_(*last))
        with db.read() as session:
            page = session.execute(wanted).mappings().all()
        if not page:
            return count
        out.writelines(f"{_as_json(row)}\n" for row in page)
        count, last = count + len(page), [page[-1][key.name] for key in keys]


def _as_json(row: RowMapping) -> str:
    kept = {name: value for name, value in row.items() if name not in _OF_A_RUN}
    return json.dumps(kept, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"no column of an export holds {type(value).__name__}")
