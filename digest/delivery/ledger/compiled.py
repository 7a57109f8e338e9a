"""Statements compiled once and run by the driver: for the few that run for every copy.

SQLAlchemy looks a statement up by its structure each time, which for the dot's fence costs more
than the database takes. The SQL is still SQLAlchemy's, from the same expressions as everywhere.
"""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Dialect, Executable
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError


class Compiled:
    """One statement for one dialect; `values` fill its bind parameters of the same names."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self._sql = str(compiled)
        self._positions: list[str] | None = compiled.positiontup
        self._convert = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect)
            for name, bind in compiled.binds.items()
        }
        self._readers = [
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in getattr(statement, "selected_columns", ())
        ]
        self._fixed = {
            name: self._converted(name, value)
            for name, value in compiled.params.items()
            if value is not None
        }

    def _converted(self, name: str, value: Any) -> Any:
        convert = self._convert[name]
        return value if convert is None else convert(value)

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Execute it with `values`, which are converted as their types say; return how many rows it
        touched.
        """
        with closing(self._execute(connection, values)) as cursor:
            return int(cursor.rowcount)

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Execute it and return what it returns."""
        with closing(self._execute(connection, values)) as cursor:
            return list(cursor.fetchall())

    def converted_rows(self, connection: Connection, values: Mapping[str, Any]) -> list[list[Any]]:
        """Execute a select and return its rows with every value as its column's type has it."""
        readers = [(n, read) for n, read in enumerate(self._readers) if read is not None]
        rows = [list(row) for row in self.rows(connection, values)]
        for row in rows:
            for place, read in readers:
                if row[place] is not None:
                    row[place] = read(row[place])
        return rows

    def _execute(self, connection: Connection, values: Mapping[str, Any]) -> DBAPICursor:
        given: Any = dict(self._fixed)
        for name, value in values.items():
            given[name] = self._converted(name, value)
        if self._positions is not None:
            given = tuple(given[name] for name in self._positions)
        return execute_plain(connection, self._sql, given)


def execute_plain(connection: Connection, sql: str, values: Any) -> DBAPICursor:
    """Give SQL with values in the driver's own form to the driver; return its cursor, to be closed.

    Errors are what SQLAlchemy would raise, without the values.
    """
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql, values)
    except connection.dialect.loaded_dbapi.Error as error:
        cursor.close()
        raise DBAPIError(sql, {}, error, hide_parameters=True) from error
    return cursor
