"""A round that goes on for long ends once the database was migrated under it: what is on its way
arrives, nothing new is begun.
"""

import asyncio
import logging
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from digest.clock import SystemClock
from digest.errors import SchemaUnfit
from digest.operations.moved import SchemaWatch
from digest.scheduler import run_scheduler, tick_once
from digest.testing.newsroom import Newsroom, open_newsroom

READERS = 30


@pytest.fixture
def newsroom(tmp_path: Path) -> Any:
    """One copy in a second, so that there is time to migrate."""
    relay = 'backend = "memory"\nper_second = 1'
    with open_newsroom(tmp_path, SystemClock(), relay=relay) as newsroom:
        newsroom.subscribe(*(f"reader{number}@example.org" for number in range(READERS)))
        newsroom.ready(newsroom.app.clock.now().date())
        yield newsroom


def migrate_when_sending(newsroom: Newsroom) -> threading.Thread:
    def work() -> None:
        while not newsroom.backend.accepted:
            threading.Event().wait(0.05)
        with newsroom.app.db.write() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@pytest.mark.parametrize("going", [tick_once, run_scheduler], ids=["tick", "scheduler"])
def test_sending_ends_in_good_order(newsroom: Newsroom, run: Any, going: Any) -> None:
    thread = migrate_when_sending(newsroom)

    async def go() -> None:
        await going(newsroom.app, asyncio.Event())

    with pytest.raises(SchemaUnfit, match="at revision 9999, which is newer"):
        run(go())

    thread.join()
    sums = newsroom.sums("weekly")
    assert 0 < sums.accepted < READERS
    assert sums.accepted + sums.pending == READERS == sums.audience
    assert len(newsroom.backend.accepted) == sums.accepted


def test_program_that_was_not_migrated_under_complains_of_nothing(newsroom: Newsroom) -> None:
    SchemaWatch(newsroom.app).complain()


def test_watch_beside_calls_once_and_says_why(
    newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()
    watch = SchemaWatch(newsroom.app)
    with newsroom.app.db.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with caplog.at_level(logging.ERROR):
        watch.watch_beside(ended.set)
        assert ended.wait(20)

    assert "ending: the database is at revision 9999" in caplog.text
    with pytest.raises(SchemaUnfit):
        watch.complain()
