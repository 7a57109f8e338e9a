"""Confirming a subscription, wherever it is confirmed from."""

from datetime import datetime

from sqlalchemy.orm import Session

from digest.correspondence.correspondent import Correspondent
from digest.models import Subscription
from digest.subscribers import lifecycle


def confirm_reader(
    session: Session, correspondent: Correspondent, public_id: str, *, now: datetime, origin: str
) -> Subscription:
    """Make a pending subscription active. Refused when the reader has left, NotFound when there is
    none.
    """
    return lifecycle.confirm(session, public_id, now=now, origin=origin)
