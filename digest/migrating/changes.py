"""What one operation of a revision does to a store, judged without a store: does it only add, and
does it go through every row of a table?

Only adding means that a program from before the step can read and write the tables after it:
whatever it does not know is empty, has a default, or lies in a table of its own. Everything else is
for `allowed` to name.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from alembic.operations import ops


class Cost(enum.Enum):
    """How much of a table is gone through."""

    NOTHING = "nothing"
    READS = "reads every row of"
    REWRITES = "rewrites"


@dataclass(frozen=True, slots=True)
class Change:
    """One operation: `what` names it for `allowed`, `words` say it to a person."""

    what: str
    words: str
    table: str | None
    adds: bool
    sqlite: Cost = Cost.NOTHING
    postgres: Cost = Cost.NOTHING


@dataclass(slots=True)
class New:
    """What earlier operations of the same revision made: nothing in it can be lost, and no older
    program knows it.
    """

    tables: set[str] = field(default_factory=set)
    columns: set[tuple[str, str]] = field(default_factory=set)

    def has(self, table: str, columns: list[str]) -> bool:
        """Whether any of the columns, or their table, is as new as this."""
        return table in self.tables or any((table, column) in self.columns for column in columns)


def judge(operation: ops.MigrateOperation, new: New) -> Change:
    """Return what an operation does; one that is not known here does not count as adding."""
    for kind, judgement in JUDGEMENTS.items():
        if isinstance(operation, kind):
            return judgement(operation, new)
    name = type(operation).__name__
    return Change(name, f"does what cannot be foreseen ({name})", None, adds=False)


def _create_table(operation: ops.CreateTableOp, new: New) -> Change:
    table = operation.table_name
    new.tables.add(table)
    return Change(f"create_table {table}", f"adds the table {table}", table, adds=True)


def _add_column(operation: ops.AddColumnOp, new: New) -> Change:
    table, column = operation.table_name, operation.column
    new.columns.add((table, column.name))
    fills_itself = bool(column.nullable) or column.server_default is not None
    words = f"adds {table}.{column.name}"
    if not fills_itself:
        words += ", which has to be filled and has no default"
    default = column.server_default
    computed = isinstance(default, sa.DefaultClause) and not isinstance(default.arg, str)
    return Change(
        f"add_column {table}.{column.name}",
        words,
        table,
        adds=fills_itself or table in new.tables,
        sqlite=Cost.REWRITES if computed else Cost.NOTHING,
    )


def _create_index(operation: ops.CreateIndexOp, new: New) -> Change:
    table = operation.table_name
    columns = [one for one in operation.columns if isinstance(one, str)]
    cost = Cost.NOTHING if table in new.tables else Cost.READS
    kind = "unique index" if operation.unique else "index"
    return Change(
        f"create_index {table}.{operation.index_name}",
        f"adds the {kind} {operation.index_name}",
        table,
        adds=not operation.unique or new.has(table, columns),
        sqlite=cost,
        postgres=cost,
    )


def _create_constraint(operation: Any, new: New) -> Change:
    table, name = _table_of(operation), operation.constraint_name
    columns = list(getattr(operation, "local_cols", getattr(operation, "columns", [])))
    is_new = table in new.tables
    return Change(
        f"create_constraint {table}.{name}",
        f"adds the constraint {name}",
        table,
        adds=new.has(table, columns),
        sqlite=Cost.NOTHING if is_new else Cost.REWRITES,
        postgres=Cost.NOTHING if is_new else Cost.READS,
    )


def _table_of(operation: Any) -> str:
    return str(getattr(operation, "source_table", None) or operation.table_name)


def _drop_index(operation: ops.DropIndexOp, _new: New) -> Change:
    table, name = operation.table_name, operation.index_name
    return Change(f"drop_index {table}.{name}", f"drops the index {name}", table, adds=False)


def _drop_constraint(operation: ops.DropConstraintOp, _new: New) -> Change:
    table, name = operation.table_name, operation.constraint_name
    return Change(
        f"drop_constraint {table}.{name}",
        f"drops the constraint {name}",
        table,
        adds=False,
        sqlite=Cost.REWRITES,
    )


def _alter_column(operation: ops.AlterColumnOp, _new: New) -> Change:
    table, column = operation.table_name, operation.column_name
    if operation.modify_name:
        words = f"renames {table}.{column} to {operation.modify_name}"
    else:
        words = f"alters {table}.{column}"
    return Change(
        f"alter_column {table}.{column}",
        words,
        table,
        adds=False,
        sqlite=Cost.REWRITES,
        postgres=Cost.NOTHING if _only_widens(operation) else Cost.REWRITES,
    )


def _only_widens(operation: ops.AlterColumnOp) -> bool:
    """Whether PostgreSQL has nothing to do but to remember: a text may be longer than before."""
    before, after = operation.existing_type, operation.modify_type
    return (
        type(before) in (sa.String, sa.VARCHAR)
        and type(after) in (sa.String, sa.VARCHAR, sa.Text)
        and (after.length is None or (before.length or 0) <= after.length)  # type: ignore[union-attr]
        and operation.modify_nullable is None
        and operation.modify_name is None
    )


def _drop_column(operation: ops.DropColumnOp, _new: New) -> Change:
    table, column = operation.table_name, operation.column_name
    return Change(
        f"drop_column {table}.{column}",
        f"drops {table}.{column} and what is in it",
        table,
        adds=False,
        sqlite=Cost.REWRITES,
    )


def _drop_table(operation: ops.DropTableOp, _new: New) -> Change:
    table = operation.table_name
    words = f"drops the table {table} and what is in it"
    return Change(f"drop_table {table}", words, table, adds=False)


def _rename_table(operation: ops.RenameTableOp, _new: New) -> Change:
    table = operation.table_name
    words = f"renames the table {table} to {operation.new_table_name}"
    return Change(f"rename_table {table}", words, table, adds=False)


def _execute(_operation: ops.ExecuteSQLOp, _new: New) -> Change:
    return Change("execute", "runs SQL of its own", None, adds=False)


def _insert(operation: ops.BulkInsertOp, new: New) -> Change:
    table = str(operation.table.name)
    return Change(f"bulk_insert {table}", f"adds rows to {table}", table, adds=table in new.tables)


JUDGEMENTS: dict[type[Any], Callable[[Any, New], Change]] = {
    ops.CreateTableOp: _create_table,
    ops.AddColumnOp: _add_column,
    ops.CreateIndexOp: _create_index,
    ops.AddConstraintOp: _create_constraint,
    ops.DropIndexOp: _drop_index,
    ops.DropConstraintOp: _drop_constraint,
    ops.AlterColumnOp: _alter_column,
    ops.DropColumnOp: _drop_column,
    ops.DropTableOp: _drop_table,
    ops.RenameTableOp: _rename_table,
    ops.ExecuteSQLOp: _execute,
    ops.BulkInsertOp: _insert,
}
