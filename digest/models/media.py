"""Tables of the media room: pictures that were taken in, and how each was cut."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from digest.models.base import Base, Id


class Picture(Base):
    """A picture that editors may use, once however often it came. Writer: media.room."""

    __tablename__ = "pictures"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)  # of the file as it came
    original: Mapped[str] = mapped_column(String(70), unique=True)  # the file that we keep of it
    kind: Mapped[str] = mapped_column(String(3))  # of that file: jpg or png
    width: Mapped[int]  # of that file, in pixels
    height: Mapped[int]
    size: Mapped[int]  # of that file, in bytes
    focus_x: Mapped[int]  # whole per cent from the left: what must stay in sight
    focus_y: Mapped[int]  # and from the top
    shape: Mapped[str] = mapped_column(String(10))  # of media.shapes
    shown: Mapped[str] = mapped_column(String(70))  # the print of that cut
    alt: Mapped[str] = mapped_column(Text)
    credit: Mapped[str] = mapped_column(Text)
    rights: Mapped[str] = mapped_column(Text)
    source_url: Mapped[str] = mapped_column(Text)  # empty: it was uploaded
    source_digest: Mapped[str] = mapped_column(String(64), index=True)  # of that address
    added_by: Mapped[int | None] = mapped_column(ForeignKey("editors.id", ondelete="SET NULL"))
    created_at: Mapped[datetime]


class PicturePrint(Base):
    """A picture as it was cut once. It stays when the picture is cut anew: issues that were sent
    lead to it. Writer: media.room.
    """

    __tablename__ = "picture_prints"
    __table_args__ = (UniqueConstraint("picture_id", "focus_x", "focus_y", "shape"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    picture_id: Mapped[int] = mapped_column(ForeignKey("pictures.id", ondelete="CASCADE"))
    focus_x: Mapped[int]
    focus_y: Mapped[int]
    shape: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(70), index=True)  # of the file, and in its address
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    created_at: Mapped[datetime]
