"""INSERT … ON CONFLICT DO NOTHING on both databases: the one place that knows their dialects."""

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import FromClause, Insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from digest.models import Base

Row = TypeVar("Row", bound=Base)


def insert_new(session: Session, model: type[Base] | FromClause) -> Insert:
    """Return an insert that leaves out rows whose unique key is taken, instead of failing.

    That of a table costs less than that of its class, where nothing of the ORM is needed.
    """
    return insert_new_in(session.get_bind().dialect.name, model)


@cache
def insert_new_in(dialect: str, model: type[Base] | FromClause) -> Insert:
    """Return the same insert for a dialect by its name, where a statement is built once for many
    sessions; takes a table as well.
    """
    # SQLAlchemy takes tables and mapped classes, and says so only of the generic insert.
    table: Any = model
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    return postgresql.insert(table).on_conflict_do_nothing()


def insert_new_returning(session: Session, model: type[Row]) -> ReturningInsert[Row]:
    """Return the same insert, answering with the rows that are really new."""
    return insert_new(session, model).returning(model)
