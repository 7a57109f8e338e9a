"""Statements compiled once and run by the driver: for the few that run for every copy.

SQLAlchemy looks a statement up by its structure each time, which for the dot's fence costs more
than the database takes. The SQL is still SQLAlchemy's, from the same expressions as everywhere.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Executable


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
        self._fixed = {
            name: self._converted(name, value)
            for name, value in compiled.params.items()
            if value is not None
        }

    def _converted(self, name: str, value: Any) -> Any:
        convert = self._convert[name]
        return value if convert is None else convert(value)

    def run(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute it with `values`, which are converted as their types say."""
        given = {name: self._converted(name, value) for name, value in values.items()}
        if self._positions is None:
            return connection.exec_driver_sql(self._sql, {**self._fixed, **given})
        both = {**self._fixed, **given}
        return connection.exec_driver_sql(self._sql, tuple(both[name] for name in self._positions))
