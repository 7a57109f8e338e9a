"""Lets Ctrl-C end a statement that takes minutes."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

INSTRUCTIONS = 100_000  # of SQLite's own machine, between looks; some milliseconds


@contextmanager
def interruptible(connection: Connection) -> Iterator[None]:
    """Hear Ctrl-C while SQLite works, and raise the KeyboardInterrupt that it means.

    A statement is one call into C, and Python hears nothing until that returns; a progress handler
    is Python again, where Ctrl-C is heard and SQLite told to stop. psycopg hears it by itself.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.set_progress_handler(lambda: 0, INSTRUCTIONS)
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from error
        raise
    finally:
        driver.set_progress_handler(None, 0)
