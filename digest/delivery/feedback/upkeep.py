"""What feedback does by the clock: refusals of the session are taken in, suspended readers get
their probe, and what is old goes.
"""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from digest.clock import Clock
from digest.db import Database
from digest.delivery.feedback.keeping import drop_old
from digest.delivery.feedback.refusals import take_refusals
from digest.delivery.feedback.suspending import MOST, forget_survivors, open_probes
from digest.delivery.feedback.taking import Rules, Taken
from digest.models import FeedbackEvent, FeedbackVerdict

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
            gone = _forget_events(session, FeedbackEvent.received_at < now - remembered)
    # Anybody can send what nobody can attribute, as much as they like.
    theirs = FeedbackEvent.verdict == FeedbackVerdict.UNATTRIBUTED
    old = FeedbackEvent.received_at < now - timedelta(days=rules.feedback.kept_days)
    gone = STEP
    while gone == STEP and not stopped():
        with db.write() as session:
            gone = _forget_events(session, and_(theirs, old))


def _forget_events(session: Session, which: ColumnElement[bool]) -> int:
    old = select(FeedbackEvent.id).where(which).order_by(FeedbackEvent.received_at).limit(STEP)
    gone = delete(FeedbackEvent).where(FeedbackEvent.id.in_(old)).returning(FeedbackEvent.id)
    return len(session.scalars(gone).all())
