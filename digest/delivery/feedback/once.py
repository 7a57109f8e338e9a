"""Signatures that cover no body count once: the tokens that were used are remembered.

Without that, whoever gets hold of one request could sign anything with it. The only writer of
used_tokens.
"""

import hashlib
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from digest.inserts import insert_new_returning
from digest.models import UsedToken


def use_token(session: Session, provider: str, token: str, now: datetime) -> bool:
    """Remember that a provider's token was used; False when it was before."""
    digest = hashlib.sha256(f"{provider}\0{token}".encode()).digest()
    values = {"digest": digest, "at": now}
    return session.scalar(insert_new_returning(session, UsedToken), values) is not None


def forget_tokens(session: Session, before: datetime) -> None:
    """Forget tokens used before a moment by which their time is over anyway."""
    session.execute(delete(UsedToken).where(UsedToken.at < before))
