"""provisional"""

from datetime import datetime

from sqlalchemy.orm import Session

from digest.inserts import insert_new
from digest.models import KeptMessage
from digest.sealed import Sealer


def keep_message(
    session: Session, sealer: Sealer, place: str, raw: bytes, why: str, now: datetime
) -> None:
    values = {
        "digest": sealer.index(f"kept\0{raw.hex()}"),
        "place": place,
        "size": len(raw),
        "why": why[:200],
        "message_sealed": sealer.seal(raw.decode("utf-8", "replace")),
        "kept_at": now,
    }
    session.execute(insert_new(session, KeptMessage), values)
