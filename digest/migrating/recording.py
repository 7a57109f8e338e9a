"""Goes through a revision with a recorder in the place of Alembic's `op`: nothing is done, and what
would be done is known.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

from alembic.operations import BatchOperations, Operations, ops
from alembic.runtime.migration import MigrationContext

from digest.migrating.changes import Change, Cost, New, judge

READS_ROWS = Change("get_bind", "reads or changes rows by itself", None, adds=False)


def read_changes(revision: ModuleType) -> list[Change]:
    """Return what a revision's upgrade would do, in its order; `revision` is a copy nobody else
    runs.
    """
    recorder = _Recorder()
    revision.op = recorder  # type: ignore[attr-defined]  # in the place of the one it imported
    try:
        revision.upgrade()
    except _NeedsRows:
        recorder.changes.append(READS_ROWS)
    return recorder.changes


class _NeedsRows(Exception):
    pass


class _Recorder(Operations):
    """Takes every operation and does none."""

    def __init__(self) -> None:
        super().__init__(MigrationContext.configure(dialect_name="sqlite", opts={"as_sql": True}))
        self.changes: list[Change] = []
        self.new = New()

    def invoke(self, operation: ops.MigrateOperation) -> Any:
        """Note one operation."""
        self.changes.append(judge(operation, self.new))
        if isinstance(operation, ops.CreateTableOp):
            return operation.to_table(self.migration_context)  # a revision may insert into it
        return None

    def get_bind(self) -> Any:
        """End the recording: what comes depends on rows."""
        raise _NeedsRows

    @contextmanager
    def batch_alter_table(
        self, table_name: str, schema: str | None = None, *_: Any, **__: Any
    ) -> Iterator[BatchOperations]:
        """Note the operations of a batch."""
        batch = _BatchRecorder(self, table_name, schema)
        yield batch
        self.changes += batch.changes()


class _BatchRecorder(BatchOperations):
    """The operations on one table."""

    def __init__(self, recorder: _Recorder, table: str, schema: str | None) -> None:
        # All that an operation wants to know of a batch is its table.
        impl: Any = SimpleNamespace(table_name=table, schema=schema)
        super().__init__(recorder.migration_context, impl=impl)
        self._recorder = recorder
        self._noted: list[Change] = []

    def invoke(self, operation: ops.MigrateOperation) -> Any:
        """Note one operation."""
        self._noted.append(judge(operation, self._recorder.new))

    def changes(self) -> list[Change]:
        """Return what was noted. SQLite rewrites the table once for all of it, indexes with it."""
        if not any(change.sqlite is Cost.REWRITES for change in self._noted):
            return self._noted
        return [replace(change, sqlite=Cost.REWRITES) for change in self._noted]
