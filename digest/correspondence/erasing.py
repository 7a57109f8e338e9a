"""Erasing a reader for good, once their own mailbox has confirmed it."""

from datetime import datetime

from sqlalchemy.orm import Session

from digest.sealed import Sealer
from digest.subscribers.lifecycle import erase


def erase_reader(
    session: Session,
    sealer: Sealer,
    subscriber_id: int,
    *,
    now: datetime,
    keep_suppression: bool = True,
) -> None:
    """Remove a reader and all that names them; NotFound when there is none."""
    erase(session, sealer, subscriber_id, now, keep_suppression)
