"""Table of what keeps a provider's request from being told twice."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from digest.models.base import Base


class UsedToken(Base):
    """A token of a provider's signature that was used: SHA-256 of it. Writer:
    delivery.feedback.once.
    """

    __tablename__ = "used_tokens"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
