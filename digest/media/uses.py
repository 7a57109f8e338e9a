"""Who uses a picture, and which pictures there are, page by page. Reads only.

A picture is used where an address of one of its prints stands, whatever host comes before it: mails
that were sent lead there for years, and hosts change.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ColumnElement, Text, cast, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from digest.curation.issues import OPEN_TO_EDITS
from digest.mirrors import PICTURES
from digest.models import BoardChange, Issue, Newsletter, Pick, Picture


@dataclass(frozen=True, slots=True)
class Use:
    """One place where a picture is used: in words, what it illustrates, and the board where there
    is one.
    """

    place: str
    headline: str = ""
    board: str = ""


def list_uses(session: Session, prints: Sequence[str]) -> list[Use]:
    """Return where any of these prints is used, the newest issue first."""
    if not prints:
        return []
    uses = [*_in_picks(session, prints), *_in_logos(session, prints)]
    return uses or list(_in_changes(session, prints))


def _in_picks(session: Session, prints: Sequence[str]) -> Iterator[Use]:
    rows = session.execute(
        select(Newsletter.slug, Issue.number, Pick.headline)
        .select_from(Pick)
        .join(Issue, Issue.id == Pick.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(_names_any(Pick.image_url, prints))
        .order_by(Issue.id.desc(), Pick.position)
    )
    for slug, number, headline in rows:
        yield Use(f"{slug}/{number}", headline, f"{slug}/{number}")


def _in_logos(session: Session, prints: Sequence[str]) -> Iterator[Use]:
    furniture = cast(Newsletter.furniture, Text)
    for slug in session.scalars(select(Newsletter.slug).where(_names_any(furniture, prints))):
        yield Use(f"the furniture of {slug}")


def _in_changes(session: Session, prints: Sequence[str]) -> Iterator[Use]:
    """Yield the issues in which somebody could undo a change and have a print back."""
    before = cast(BoardChange.before, Text)
    rows = session.execute(
        select(Newsletter.slug, Issue.number)
        .select_from(BoardChange)
        .join(Issue, Issue.id == BoardChange.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Issue.state.in_(OPEN_TO_EDITS), _names_any(before, prints))
        .distinct()
    )
    for slug, number in rows:
        place = f"{slug}/{number}"
        yield Use(f"{place}, where a change can still be undone", board=place)


def _names_any(
    text: ColumnElement[str] | InstrumentedAttribute[str], prints: Sequence[str]
) -> ColumnElement[bool]:
    return or_(*(text.contains(f"{PICTURES}{name}", autoescape=True) for name in prints))


@dataclass(frozen=True, slots=True)
class Found:
    """One page of pictures, the newest first; `older` is where the next begins, 0: there is
    none.
    """

    pictures: list[Picture]
    older: int


def list_pictures(session: Session, *, search: str = "", before: int = 0, most: int = 24) -> Found:
    """Return the pictures in whose description, credit or rights every word of `search` occurs, in
    any case of any script; older than the one numbered `before`, where it is given.
    """
    words = search.casefold().split()
    newest = select(Picture).order_by(Picture.id.desc()).execution_options(yield_per=200)
    if before:
        newest = newest.where(Picture.id < before)
    with closing(session.scalars(newest)) as rows:
        # In Python, because SQLite's LIKE and lower() know the case of ASCII letters only.
        found = list(islice((row for row in rows if _holds(row, words)), most + 1))
    return Found(found[:most], found[most - 1].id if len(found) > most else 0)


def _holds(picture: Picture, words: Sequence[str]) -> bool:
    everything = f"{picture.alt} {picture.credit} {picture.rights}".casefold()
    return all(word in everything for word in words)
