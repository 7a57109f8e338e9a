"""How many proofs an editor may have mailed: a desk is no way to write to strangers."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from digest.errors import Refused
from digest.sealed import Sealer
from digest.subscribers.door.limits import Limit, allow

PROOFS = Limit("desk proofs", 20, timedelta(hours=1))


def count_proofs(
    session: Session, sealer: Sealer, editor_id: int, how_many: int, now: datetime
) -> None:
    """Count proofs that an editor is about to send; Refused when they would be too many."""
    key = sealer.index(f"desk proofs of editor {editor_id}")
    for _ in range(how_many):
        if allow(session, [(PROOFS, key)], now) is not None:
            raise Refused(
                f"{PROOFS.most} proofs an hour are the most, and these would be more. "
                "Choose fewer people, or wait a while."
            )
