"""What is put away once a day: ledgers of long ago, letters and marks that are not needed any more.

Each step is short, so that sending and sign-ups go on meanwhile.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from digest.app import App
from digest.delivery.feedback.upkeep import keep_feedback
from digest.delivery.ledger.shrinking import (
    Draft,
    add_up,
    drop_rows,
    is_shrunk,
    list_shrinkable,
    write_sums,
)
from digest.delivery.ledger.sums import Sums, count_sums
from digest.delivery.ledger.tombstones import remove_tombstones
from digest.errors import Refused
from digest.models import InstanceValue, Issue
from digest.operations.reception import count_reception
from digest.outbox import remove_done
from digest.subscribers.tally import tally_days
from digest.subscribers.transfer.merge import PAUSE_SECONDS, next_step_rows

log = logging.getLogger(__name__)

FEWEST_STEP_ROWS = 64
DONE = "housekeeping"
EVERY = timedelta(days=1)
LETTERS_KEPT = timedelta(days=30)  # after they were accepted or given up
SIGNS_KEPT = timedelta(days=1)  # of life, of processes that are gone

Stopped = Callable[[], bool]
Progress = Callable[[int, int], None]


def keep_house_daily(app: App, stopped: Stopped) -> None:
    """Put away what is due, unless that was done within a day."""
    done = app.noted(DONE)
    if done is not None and timedelta(0) <= app.clock.now() - done.at < EVERY:
        return
    keep_house(app, stopped)
    if not stopped():
        app.note(DONE, "done")


def keep_house(app: App, stopped: Stopped) -> None:
    """Put away what is due. Once `stopped`, no further step is begun, and the next time goes on."""
    now = app.clock.now()
    tally_days(app.db, now)
    with app.db.write() as session:
        remove_tombstones(session, now)
        remove_done(session, now - LETTERS_KEPT)
        session.execute(
            delete(InstanceValue).where(
                InstanceValue.name.startswith("alive:"), InstanceValue.at < now - SIGNS_KEPT
            )
        )
    keep_feedback(app.db, app.feedback_rules, app.clock, stopped)
    with app.db.read() as session:
        due = list_shrinkable(session, now - timedelta(days=app.config.delivery.ledger_days))
    for issue_id in due:
        try:
            shrink(app, issue_id, stopped)
        except Refused as error:
            log.error("ledger kept: %s", error, extra={"fields": {"issue": issue_id}})
    app.db.empty_log()


def shrink(
    app: App, issue_id: int, stopped: Stopped, progress: Progress = lambda _done, _total: None
) -> None:
    """Turn one issue's ledger into signed sums; Refused when its rows are needed or do not
    balance.
    """
    now = app.clock.now()
    with app.db.read() as session:
        sums = count_sums(session, issue_id)
        draft = None if is_shrunk(session, issue_id) else _draft(session, issue_id, sums, now)
    if draft is not None:
        with app.db.write() as session:
            write_sums(session, app.keys, draft, now)
    rows = _drop_all(app, issue_id, stopped, lambda done: progress(done, max(sums.audience, done)))
    log.info("ledger shrunk", extra={"fields": {"issue": issue_id, "rows": rows}})


def _draft(session: Session, issue_id: int, sums: Sums, now: datetime) -> Draft:
    issue = session.get_one(Issue, issue_id)
    came_back = {}
    if issue.sending_at is not None:
        reception = count_reception(session, issue, sums)
        came_back = {"complaints": reception.complaints, "bounces": reception.bounces}
    return add_up(session, issue, came_back=came_back, now=now)


def _drop_all(app: App, issue_id: int, stopped: Stopped, progress: Callable[[int], None]) -> int:
    """Remove the rows, a step after the other; return how many went."""
    done, most = 0, FEWEST_STEP_ROWS
    while not stopped():
        with app.db.write() as session:
            began = app.clock.monotonic()
            dropped = drop_rows(session, issue_id, most)
            worked = app.clock.monotonic()
        done += dropped
        progress(done)
        if dropped < most:
            break
        committed = app.clock.monotonic() - worked
        most = next_step_rows(most, worked - began, committed, FEWEST_STEP_ROWS)
        time.sleep(PAUSE_SECONDS)
    return done
