"""What feedback does by the clock: refusals of the session are taken in, suspended readers get
their probe, and what is old goes.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.delivery.feedback.keeping import drop_old
from digest.delivery.feedback.refusals import take_refusals
from digest.delivery.feedback.suspending import MOST, forget_survivors, open_probes
from digest.delivery.feedback.taking import Rules, Taken
from digest.models import FeedbackEvent

STEP = 2_000  # old events in one transaction


def take_all_refusals(
    db: Database, rules: Rules, clock: Clock, stopped: Callable[[], bool]
) -> Taken:
    """Take in what the session was refused since the last look, step by step."""
    total, more = Taken(), True
    while more and not stopped():
        with db.write() as session:
            taken, more = take_refusals(session, rules, clock.now())
        total += taken
    return total


def keep_feedback(db: Database, rules: Rules, clock: Clock, stopped: Callable[[], bool]) -> None:
    """Do what is due once a day."""
    now = clock.now()
    remembered = timedelta(days=rules.feedback.remembered_days)
    with db.write() as session:
        drop_old(session, rules.feedback, now)
        forget_survivors(session, now, after=remembered)
    opened = MOST
    while opened == MOST and not stopped():
        with db.write() as session:
            opened = open_probes(session, now)
    gone = STEP
    while gone == STEP and not stopped():
        with db.write() as session:
            gone = _forget_events(session, now - remembered)


def _forget_events(session: Session, before: datetime) -> int:
    old = (
        select(FeedbackEvent.id)
        .where(FeedbackEvent.received_at < before)
        .order_by(FeedbackEvent.received_at)
        .limit(STEP)
    )
    gone = delete(FeedbackEvent).where(FeedbackEvent.id.in_(old)).returning(FeedbackEvent.id)
    return len(session.scalars(gone).all())
