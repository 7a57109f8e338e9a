"""What the media room does: takes pictures in, cuts them, finds, changes and removes them.

Fetching and developing take their time and happen in no transaction. A file is written, and
removed, while the row that stands for it is: who holds the row holds the file.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from digest.curation.plain import one_line, shorten, web_url
from digest.db import Database
from digest.errors import BadInput, NotFound, Refused
from digest.media.darkroom import Darkroom, Developed
from digest.media.shapes import Cut, Shape
from digest.media.store import PictureStore, Shelf
from digest.media.uses import list_uses
from digest.models import Picture, PicturePrint

WORDS_MOST = 1_000  # characters of alt text, credit and rights each
NEW = Cut()


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a picture: its description, whom to name, what one may do with it."""

    alt: str = ""
    credit: str = ""
    rights: str = ""


@dataclass(frozen=True, slots=True)
class MediaRoom:
    """The verbs that need the store of rows, that of files, and the darkroom."""

    db: Database
    store: PictureStore
    darkroom: Darkroom

    def take_in(
        self, data: bytes, words: Words, editor_id: int | None, now: datetime, source_url: str = ""
    ) -> tuple[int, bool]:
        """Keep a picture; return its number, and whether it is new here. The same bytes are the
        same picture, whose words stay as they are.

        BadInput for what is no picture of ours, Refused when it cannot be kept.
        """
        came = hashlib.sha256(data).hexdigest()
        with self.db.read() as session:
            known = session.scalar(select(Picture.id).where(Picture.digest == came))
        if known is not None:
            return known, False
        original, shown = self.darkroom.develop(data, NEW)
        kept = Picture(
            digest=came,
            kind=original.kind,
            width=original.width,
            height=original.height,
            size=len(original.data),
            **_columns_of(NEW),
            alt=_line(words.alt),
            credit=_line(words.credit),
            rights=_line(words.rights),
            source_url=source_url,
            source_digest=_digest_of(source_url),
            added_by=editor_id,
            created_at=now,
        )
        try:
            return self._keep(kept, original, shown, now)
        except IntegrityError:  # somebody brought the same in at the same time
            with self.db.read() as session:
                same = or_(Picture.digest == came, Picture.original == kept.original)
                known = session.scalar(select(Picture.id).where(same).limit(1))
            if known is None:
                raise
            return known, False

    def _keep(
        self, kept: Picture, original: Developed, shown: Developed, now: datetime
    ) -> tuple[int, bool]:
        with self.db.write() as session:
            name = self.store.put(Shelf.ORIGINALS, original.data, original.kind)
            # The same pixels in another file: a copy that lost its EXIF on the way, say.
            same = session.scalar(select(Picture.id).where(Picture.original == name))
            if same is not None:
                return same, False
            kept.original = name
            kept.shown = self.store.put(Shelf.PRINTS, shown.data, shown.kind)
            session.add(kept)
            session.flush()
            session.add(_print_row(kept.id, NEW, kept.shown, shown, now))
        return kept.id, True

    def take_from(
        self,
        url: str,
        fetch: Callable[[str], bytes],
        words: Words,
        editor_id: int | None,
        now: datetime,
    ) -> tuple[int, bool]:
        """Keep the picture at an address, which is asked for once and never again; return as
        `take_in` does. Errors of it, and of `fetch`.
        """
        checked = web_url(url)
        if checked is None:
            raise BadInput("Give the whole address of a picture; it begins with https://.")
        with self.db.read() as session:
            same = Picture.source_digest == _digest_of(checked)
            known = session.scalar(select(Picture.id).where(same, Picture.source_url == checked))
        if known is not None:
            return known, False
        return self.take_in(fetch(checked), words, editor_id, now, checked)

    def print(self, picture_id: int, cut: Cut, now: datetime) -> str:
        """Return the name of a picture's print in a cut, which is made where there is none yet;
        NotFound when there is no such picture.
        """
        with self.db.read() as session:
            original = find_picture(session, picture_id).original
            if name := _printed(session, picture_id, cut):
                return name
        shown = self.darkroom.print(self.store.get(Shelf.ORIGINALS, original), cut)
        with self.db.write() as session:
            hold_picture(session, picture_id)
            if name := _printed(session, picture_id, cut):
                return name
            name = self.store.put(Shelf.PRINTS, shown.data, shown.kind)
            session.add(_print_row(picture_id, cut, name, shown, now))
        return name

    def remove(self, session: Session, picture_id: int) -> None:
        """Remove a picture with its files; Refused while anything uses it."""
        picture = hold_picture(session, picture_id)
        prints = list_prints(session, picture_id)
        if uses := list_uses(session, prints):
            raise Refused(f"This picture is used in {uses[0].place}: it has to stay.")
        session.delete(picture)
        session.flush()
        # Of two pictures the same print may have been made: of one colour each, say.
        shared = set(
            session.scalars(select(PicturePrint.name).where(PicturePrint.name.in_(prints)))
        )
        for name in set(prints) - shared:
            self.store.remove(Shelf.PRINTS, name)
        self.store.remove(Shelf.ORIGINALS, picture.original)


def find_picture(session: Session, picture_id: int) -> Picture:
    """Return a picture; NotFound when there is none of that number."""
    picture = session.get(Picture, picture_id)
    if picture is None:
        raise NotFound("There is no such picture in the media room.")
    return picture


def hold_picture(session: Session, picture_id: int) -> Picture:
    """Return a picture that nobody else changes or removes before this transaction ends."""
    picture = session.get(Picture, picture_id, with_for_update=True)
    if picture is None:
        raise NotFound("This picture was removed from the media room.")
    return picture


def find_by_print(session: Session, name: str) -> Picture | None:
    """Return the picture that a print was made of, None when there is none."""
    printed = select(PicturePrint.picture_id).where(PicturePrint.name == name)
    return session.scalar(select(Picture).where(Picture.id.in_(printed)).limit(1))


def list_prints(session: Session, picture_id: int) -> list[str]:
    """Return the names of all that was ever printed of a picture."""
    printed = select(PicturePrint.name).where(PicturePrint.picture_id == picture_id)
    return list(session.scalars(printed.distinct()))


def change_picture(picture: Picture, words: Words, cut: Cut, shown: str) -> None:
    """Change what is said of a picture and how it is cut from now on; `shown` is the print of that.
    Nothing that uses it already changes.
    """
    picture.alt, picture.credit = _line(words.alt), _line(words.credit)
    picture.rights = _line(words.rights)
    for column, value in _columns_of(cut).items():
        setattr(picture, column, value)
    picture.shown = shown


def fill_words(picture: Picture, alt: str, credit: str) -> None:
    """Keep what was said of a picture where it was used first, unless something is known."""
    picture.alt = picture.alt or _line(alt)
    picture.credit = picture.credit or _line(credit)


def cut_of(row: Picture | PicturePrint) -> Cut:
    """Return how a picture is cut, or was."""
    return Cut(row.focus_x, row.focus_y, Shape(row.shape))


def find_cut(session: Session, picture_id: int, name: str) -> Cut | None:
    """Return how a print of a picture was cut, None when it is none of its prints."""
    row = session.scalar(
        select(PicturePrint)
        .where(PicturePrint.picture_id == picture_id, PicturePrint.name == name)
        .order_by(PicturePrint.id.desc())
        .limit(1)
    )
    return cut_of(row) if row else None


def _printed(session: Session, picture_id: int, cut: Cut) -> str | None:
    columns = [getattr(PicturePrint, name) == value for name, value in _columns_of(cut).items()]
    return session.scalar(
        select(PicturePrint.name).where(PicturePrint.picture_id == picture_id, *columns)
    )


def _print_row(
    picture_id: int, cut: Cut, name: str, shown: Developed, now: datetime
) -> PicturePrint:
    return PicturePrint(
        picture_id=picture_id,
        name=name,
        width=shown.width,
        height=shown.height,
        size=len(shown.data),
        created_at=now,
        **_columns_of(cut),
    )


def _columns_of(cut: Cut) -> dict[str, int | str]:
    return {"focus_x": cut.x, "focus_y": cut.y, "shape": cut.shape.value}


def _line(text: str) -> str:
    return shorten(one_line(text), WORDS_MOST)


def _digest_of(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest() if url else ""
