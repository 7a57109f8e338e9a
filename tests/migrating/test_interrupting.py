"""Ctrl-C ends a statement that would go on for minutes, and undoes the step."""

import os
import signal
import threading
import time

import pytest
from sqlalchemy import inspect, text

from digest.db import Database
from digest.migrating.interrupting import interruptible

FOR_EVER = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT count(*) FROM n"
)


def test_ctrl_c_ends_a_long_statement_and_undoes_the_step(db: Database) -> None:
    press = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    started = time.monotonic()

    def take_step() -> None:
        with db.alter() as connection, interruptible(connection):
            connection.execute(text("CREATE TABLE half_done (id INTEGER)"))
            press.start()
            connection.execute(text(FOR_EVER))

    with pytest.raises(KeyboardInterrupt):
        take_step()

    assert time.monotonic() - started < 20
    assert not inspect(db.engine).has_table("half_done")


def test_other_failures_stay_what_they_are(db: Database) -> None:
    with (
        pytest.raises(Exception, match="no such table"),
        db.alter() as connection,
        interruptible(connection),
    ):
        connection.execute(text("SELECT * FROM nowhere"))


def test_statements_are_not_looked_at_afterwards(db: Database) -> None:
    with db.alter() as connection, interruptible(connection):
        connection.execute(text("SELECT 1"))

    with db.write() as session:
        session.execute(text("CREATE TABLE note (id INTEGER)"))
    assert inspect(db.engine).has_table("note")
