"""What becomes of rows that were open when a database was copied, once it is sent from again.

Since then another instance may have sent them. Nobody works on any chunk of a database that is
held, so no row is fenced here but by its state.
"""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Update, update
from sqlalchemy.orm import Session

from digest.delivery.ledger.stopping import put_chunks_to_rest
from digest.models import Chunk, Delivery, DeliveryState

RESTORED = "restored"  # the reason of rows in doubt that no policy may send again
TAKEN_AS = "assumed"


def leave_in_doubt(session: Session, issue_id: int, relay: str, now: datetime) -> int:
    """Put every open row of an issue in doubt, as if its dot had been written just now through a
    relay; return how many. Evidence from the relay's log ends such a doubt, no policy sends it
    again. A row whose moment has not come, in its reader's own morning, nobody has sent: it waits.

    Just now, because a log that is to show that a copy was never sent has to reach until now.
    """
    doubt = {"state": DeliveryState.UNCERTAIN, "reason": RESTORED, "done_at": now, "next_at": None}
    rows = update(Delivery).where(Delivery.issue_id == issue_id)
    pending = rows.where(Delivery.state == DeliveryState.PENDING, Delivery.not_before <= now)
    dotted = rows.where(Delivery.state == DeliveryState.DOTTED)
    count = _run(session, pending.values(**doubt, dotted_at=now, relay=relay))
    count += _run(session, dotted.values(**doubt, dotted_at=now))
    free_chunks(session, issue_id)
    put_chunks_to_rest(session, issue_id, now)
    return count


def take_as_accepted(session: Session, issue_id: int, now: datetime) -> int:
    """Take every open row of an issue as accepted; return how many."""
    open_rows = update(Delivery).where(
        Delivery.issue_id == issue_id,
        Delivery.state.in_((DeliveryState.PENDING, DeliveryState.DOTTED)),
    )
    taken = {"state": DeliveryState.ACCEPTED, "reason": TAKEN_AS, "done_at": now, "next_at": None}
    count = _run(session, open_rows.values(**taken))
    free_chunks(session, issue_id)
    put_chunks_to_rest(session, issue_id, now)
    return count


def free_chunks(session: Session, issue_id: int) -> None:
    """Take chunks from owners that were alive when the copy was made; the fence grows by one, in
    case one of them still is.
    """
    owned = update(Chunk).where(Chunk.issue_id == issue_id, Chunk.owner.is_not(None))
    _run(session, owned.values(owner=None, lease_until=None, epoch=Chunk.epoch + 1))


def _run(session: Session, statement: Update) -> int:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast(CursorResult[Any], result).rowcount
