"""Tables of the desk: who may work there, who is signed in, who did what."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from digest.models.base import Base, Id, words_of
from digest.models.states import Role


class Editor(Base):
    """A person allowed at the desk. Writer: editors (accounts, second_factor, sessions)."""

    __tablename__ = "editors"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name_sealed: Mapped[bytes]
    address_sealed: Mapped[bytes]
    address_index: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    role: Mapped[Role] = mapped_column(words_of(Role))
    password_hash: Mapped[str] = mapped_column(Text, default="")  # argon2id; empty: none yet
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]  # when they last used the desk
    totp_sealed: Mapped[bytes | None]  # the second factor's secret; None: there is none
    totp_step: Mapped[int] = mapped_column(default=0, server_default="0")  # of the last code taken


class RecoveryCode(Base):
    """A code that stands in for the second factor once; gone when used. Writer:
    editors.second_factor.
    """

    __tablename__ = "recovery_codes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    editor_id: Mapped[int] = mapped_column(ForeignKey("editors.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)  # keyed


class DeskSession(Base):
    """One browser that is signed in. Writer: editors.sessions."""

    __tablename__ = "desk_sessions"

    digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # of its secret
    editor_id: Mapped[int] = mapped_column(ForeignKey("editors.id", ondelete="CASCADE"), index=True)
    signed_in_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)


class AuditEntry(Base):
    """One thing that somebody did at the desk or about it; never changed. Writer: editors.audit."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    editor_id: Mapped[int | None] = mapped_column(
        ForeignKey("editors.id", ondelete="SET NULL"), index=True
    )  # None: the command line
    verb: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(
        String(200), index=True
    )  # such as "weekly/12", never a person's name
    detail: Mapped[dict[str, Any]]


class BoardChange(Base):
    """The last changes of an editor to an issue, so that they can be undone. Writer:
    curation.board_changes.
    """

    __tablename__ = "board_changes"
    __table_args__ = (Index("ix_board_changes_whose", "issue_id", "editor_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    editor_id: Mapped[int] = mapped_column(ForeignKey("editors.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    article_id: Mapped[int | None] = mapped_column(ForeignKey("articles.id"))  # None: the words
    kind: Mapped[str] = mapped_column(String(10))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
