"""Whether what an import brought is anybody's yet: only once that import is done.

The flip of an import is its one row, however many readers it brought. A subscription leaves its
import when its reader acts themselves, and is counted there. Never shows or hides one by itself.
"""

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from digest.models import Import, ImportState, Subscription


def shown() -> ColumnElement[bool]:
    """Return the condition on subscriptions that leaves half-imported ones out."""
    done = select(Import.id).where(Import.state == ImportState.DONE)
    return or_(Subscription.import_id.is_(None), Subscription.import_id.in_(done))


def is_shown(session: Session, subscription: Subscription) -> bool:
    """Tell whether a subscription is its reader's, and not the property of a half-done import."""
    if subscription.import_id is None:
        return True
    state = select(Import.state).where(Import.id == subscription.import_id)
    # Done stays done. Anything else is asked again with a lock, so that no flip comes in between.
    return any(
        session.scalar(each) is ImportState.DONE for each in (state, state.with_for_update())
    )


def take_out(session: Session, subscription: Subscription) -> None:
    """Free a subscription from its import, because its reader has acted; counts it when that import
    is not done yet.
    """
    if subscription.import_id is not None:
        note_withdrawal(session, subscription.import_id)
        subscription.import_id = None


def note_withdrawal(session: Session, import_id: int) -> None:
    """Count one reader less for an import that is not done; nothing happens to one that is."""
    session.execute(
        update(Import)
        .where(Import.id == import_id, Import.state == ImportState.MERGING)
        .values(withdrawn=Import.withdrawn + 1)
        .execution_options(synchronize_session=False)
    )
