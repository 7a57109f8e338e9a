"""What lies between a store and this code: the steps, what each does, and about how long it takes.

Nothing is changed here. The seconds are those of a small machine (docs/upgrading.md says which),
meant to tell a coffee from a night.
"""

from dataclasses import dataclass

from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, table

from digest.db import Database
from digest.migrating.allowed import ALLOWED
from digest.migrating.changes import Change, Cost
from digest.migrating.recording import read_changes
from digest.migrating.scripts import alembic_settings
from digest.revisions import check_known

# Rows in a second, of SQLite on a small machine that is busy: `python -m benchmarks.migrate`.
ROWS_A_SECOND = {Cost.READS: 500_000, Cost.REWRITES: 100_000}


@dataclass(frozen=True, slots=True)
class Work:
    """One table that a step goes through."""

    table: str
    cost: Cost
    rows: int

    @property
    def seconds(self) -> float:
        """About how long that takes."""
        return self.rows / ROWS_A_SECOND[self.cost]


@dataclass(frozen=True, slots=True)
class Step:
    """One revision that a store lacks. `work` is empty where no store was asked."""

    revision: str
    title: str
    changes: tuple[Change, ...]
    work: tuple[Work, ...] = ()

    @property
    def beyond_adding(self) -> tuple[Change, ...]:
        """What it does that is not adding."""
        return tuple(change for change in self.changes if not change.adds)

    @property
    def for_old_programs(self) -> bool:
        """Whether a program from before this step can work with the store after it."""
        found = [ALLOWED.get((self.revision, change.what)) for change in self.beyond_adding]
        return all(allowance is not None and allowance.old_programs for allowance in found)

    @property
    def seconds(self) -> float:
        """About how long it takes on the store that was asked."""
        return sum(work.seconds for work in self.work)


def read_steps() -> list[Step]:
    """Return every revision this code knows, oldest first, with what it does."""
    scripts = ScriptDirectory.from_config(alembic_settings()).walk_revisions()
    return [
        Step(script.revision, script.doc.rstrip("."), tuple(read_changes(script.module)))
        for script in reversed(list(scripts))
    ]


def pending_steps(database: Database) -> list[Step]:
    """Return the steps between a store and this code, oldest first, with the rows they go through;
    SchemaUnfit when the store is newer. An empty store lacks every step, and none takes time.
    """
    found = check_known(database)
    steps = [step for step in read_steps() if found is None or step.revision > found]
    if found is None:
        return steps
    rows = _count_rows(database, steps)
    return [_weighed(step, database.is_sqlite, rows) for step in steps]


def _count_rows(database: Database, steps: list[Step]) -> dict[str, int]:
    touched = {name for step in steps for name, _ in _costs(step, database.is_sqlite)}
    with database.engine.connect() as connection:
        there = touched & set(inspect(connection).get_table_names())
        return {
            name: connection.scalar(select(func.count()).select_from(table(name))) or 0
            for name in sorted(there)
        }


def _weighed(step: Step, sqlite: bool, rows: dict[str, int]) -> Step:
    work = tuple(
        Work(name, cost, rows[name]) for name, cost in _costs(step, sqlite) if rows.get(name)
    )
    return Step(step.revision, step.title, step.changes, work)


def _costs(step: Step, sqlite: bool) -> list[tuple[str, Cost]]:
    """Return each table that a step goes through, with the greatest cost of its changes there."""
    found: dict[str, Cost] = {}
    for change in step.changes:
        cost = change.sqlite if sqlite else change.postgres
        if change.table is None or cost is Cost.NOTHING:
            continue
        if found.get(change.table) is not Cost.REWRITES:
            found[change.table] = cost
    return list(found.items())
