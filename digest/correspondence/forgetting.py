"""What the front door keeps for a time only."""

from digest.clock import Clock
from digest.db import Database
from digest.editors.sessions import forget_sessions
from digest.subscribers.door.limits import forget_hits
from digest.subscribers.door.spent import forget_spent
from digest.subscribers.moving import forget_changes
from digest.subscribers.unconfirmed import forget_unconfirmed


def forget_old(db: Database, clock: Clock) -> None:
    """Forget what no longer counts: used forms and links that have run out, letters and forms of
    long ago, addresses that nobody confirmed or agreed to, sessions of the desk that are over. To
    be called about once an hour.
    """
    now = clock.now()
    with db.write() as session:
        forget_spent(session, now)
        forget_hits(session, now)
        forget_changes(session, now)
        forget_sessions(session, now)
    forgotten = True
    while forgotten:
        with db.write() as session:
            forgotten = forget_unconfirmed(session, now) > 0
