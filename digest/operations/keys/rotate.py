"""Seals every personal value anew under the newest key, beside everything else that runs.

A value that is under the newest key says so by its first bytes, so it can be stopped anywhere and
begun again. Sealing happens outside any transaction; a step then writes only where the old value
still stands, in about 20 ms, so that it undoes nobody's change and nobody waits.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from digest.app import App
from digest.errors import ConfigError
from digest.operations.keys.columns import SealedTable, begins_with, sealed_tables
from digest.subscribers.transfer.merge import PAUSE_SECONDS, next_step_rows

Progress = Callable[[int, int], None]
Values = tuple[Any, ...]  # a row: its key, then its sealed values
FEWEST_STEP_ROWS = 64
ROUNDS = 5  # others may write under an older key while we walk; then it is looked through again


@dataclass(frozen=True, slots=True)
class Rotated:
    """What sealing anew did: rows sealed anew, rows still under older keys, values that open with
    no key of the ring.
    """

    rows: int
    left: int
    unopened: int


def rotate(app: App, progress: Progress) -> Rotated:
    """Seal anew whatever is not under the newest key; `progress` is told rows done and rows in
    all. What it raises stops between two steps, and nothing is lost.
    """
    app.seal_canary_anew()
    done = 0
    for _ in range(ROUNDS):
        waiting = count_waiting(app)
        if not waiting:
            return Rotated(done, 0, 0)
        walk = _Walk(app, done, done + waiting, progress)
        for sealed in sealed_tables():
            walk.through(sealed)
        if walk.done == done:
            break
        done = walk.done
    return Rotated(done, count_waiting(app), walk.unopened)


def count_waiting(app: App) -> int:
    """Return how many rows have a value that is not under the newest key."""
    with app.db.read() as session:
        return sum(
            session.scalar(select(func.count()).where(_waits(sealed, app.sealer.newest))) or 0
            for sealed in sealed_tables()
        )


def _waits(sealed: SealedTable, newest: bytes) -> Any:
    return or_(*(~begins_with(column, newest) for column in sealed.columns))


class _Walk:
    """One way through all tables, by their keys; holds nothing that must outlive the process."""

    def __init__(self, app: App, done: int, total: int, progress: Progress) -> None:
        self.done = done
        self.unopened = 0
        self._app = app
        self._total = total
        self._progress = progress
        self._rows = FEWEST_STEP_ROWS

    def through(self, sealed: SealedTable) -> None:
        """Seal one table's rows anew, a step after the other."""
        last = 0
        while rows := self._list_waiting(sealed, last):
            changes = [self._seal_anew(row) for row in rows]
            self._write(sealed, rows, changes)
            last = rows[-1][0]
            self.done += sum(bool(change) for change in changes)
            self._progress(self.done, max(self._total, self.done))
            time.sleep(PAUSE_SECONDS)

    def _list_waiting(self, sealed: SealedTable, last: int) -> Sequence[Values]:
        with self._app.db.read() as session:
            rows = session.execute(
                select(sealed.key, *sealed.columns)
                .where(sealed.key > last, _waits(sealed, self._app.sealer.newest))
                .order_by(sealed.key)
                .limit(self._rows)
            )
            return [tuple(row) for row in rows]

    def _seal_anew(self, row: Values) -> dict[int, bytes]:
        """Return the new values by their places in the row."""
        sealer = self._app.sealer
        changes: dict[int, bytes] = {}
        for place, old in enumerate(row[1:], 1):
            if old is None or old.startswith(sealer.newest):
                continue
            try:
                changes[place] = sealer.seal(sealer.open(old))
            except ConfigError:
                self.unopened += 1
        return changes

    def _write(
        self,
        sealed: SealedTable,
        rows: Sequence[Values],
        changes: Sequence[dict[int, bytes]],
    ) -> None:
        clock = self._app.clock
        with self._app.db.write() as session:
            began = clock.monotonic()
            for place in range(1, 1 + len(sealed.columns)):
                values = [
                    {"row": row[0], "old": row[place], "new": change[place]}
                    for row, change in zip(rows, changes, strict=True)
                    if place in change
                ]
                if values:
                    _swap(session, sealed, place, values)
            worked = clock.monotonic()
        committed = clock.monotonic() - worked
        self._rows = next_step_rows(self._rows, worked - began, committed, FEWEST_STEP_ROWS)


def _swap(
    session: Session, sealed: SealedTable, place: int, values: Sequence[dict[str, Any]]
) -> None:
    """Write new values where the old ones still stand."""
    column = sealed.columns[place - 1]
    session.connection().execute(
        update(sealed.table)
        .where(sealed.key == bindparam("row"), column == bindparam("old"))
        .values({column.name: bindparam("new")}),
        values,
    )
