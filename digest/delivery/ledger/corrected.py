"""Whom the correction of an issue goes to: those in the audience whose copy of it was accepted."""

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import Session, aliased

from digest.curation.corrigible import refuse_unmailable
from digest.models import Delivery, DeliveryState, Issue, Subscription


def got_it(issue_id: int) -> ColumnElement[bool]:
    """Return the condition on subscriptions that this reader's copy of an issue was accepted."""
    copy = aliased(Delivery)
    return exists().where(
        copy.issue_id == issue_id,
        copy.subscriber_id == Subscription.subscriber_id,
        copy.state == DeliveryState.ACCEPTED,
    )


def hold_corrected(session: Session, issue_id: int) -> None:
    """Keep an issue's ledger as it is until the transaction ends, for its correction to be frozen;
    Refused when it is on its way again or has shrunk.

    To be called after `await_freeze`: whoever joins locks in that order, too.
    """
    corrected = session.get_one(Issue, issue_id, with_for_update=True, populate_existing=True)
    refuse_unmailable(session, corrected)
