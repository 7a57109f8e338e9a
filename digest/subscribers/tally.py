"""How a newsletter grows: who came and who went, day by day, and how many readers there were.

Kept as a tally that is written once for each day (UTC) that is over, and not worked out from
today's rows each time. That is quick, and it is honest: whoever is erased later takes their consent
events along, so counting the past anew would make it smaller every time. Nothing in it leads to a
reader.

Came: confirmed, added by hand, returned after leaving by mistake, and what an import brought on the
day it was shown. Went: said that they leave. In neither: who is erased, who just is not in the
number of readers any more, and who is suppressed, who stays in it, subscribed and not mailed. That
number is counted when a day is tallied (confirmed and not left, pauses included); for days before
the first tally it is worked back from later ones, and `Week.counted` says which.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from digest.db import Database
from digest.inserts import insert_new
from digest.models import ConsentEvent, Import, ImportState, InstanceValue, Newsletter, ReaderDay
from digest.subscribers.consent import ConsentKind
from digest.subscribers.standing import count_readers

CAME = (ConsentKind.CONFIRMED, ConsentKind.ADDED, ConsentKind.RETURNED)
LOOKED_BACK = timedelta(days=371)  # 53 weeks
SETTLED = timedelta(hours=1)  # a transaction that began before midnight has ended by then
STEP_EVENTS = 20_000  # in one read: half of a tenth of a second
A_DAY = timedelta(days=1)
_TALLIED = "readers tallied"  # up to which day, and behind which consent event the next one begins

Key = tuple[int, date]  # a newsletter's id and a day


@dataclass(frozen=True, slots=True)
class _Mark:
    """Everything before midnight of `day` is tallied; events of it or later are behind `event`."""

    day: date
    event: int

    def written(self) -> str:
        return f"{self.day.isoformat()} {self.event}"


def tally_days(db: Database, now: datetime, *, step_events: int = STEP_EVENTS) -> None:
    """Tally the days that are over and not tallied yet; nothing happens when there is none.

    Reads in short steps and writes in one; when two do it at once, one of them counts.
    """
    until = (now - SETTLED).astimezone(UTC).date()
    with db.read() as session:
        mark = _read_mark(session)
    begin = mark.day if mark else until - LOOKED_BACK
    if begin >= until:
        return
    after = mark.event if mark else 0
    came, went, event = _count_events(db, after, begin, until, step_events)
    with db.write() as session:
        if _read_mark(session) == mark:
            came.update(_count_imported(session, begin, until))
            _write(session, came, went, until - A_DAY)
            value = _Mark(until, event).written()
            session.merge(InstanceValue(name=_TALLIED, value=value, at=now))


def _read_mark(session: Session) -> _Mark | None:
    kept = session.get(InstanceValue, _TALLIED, with_for_update=True)
    if kept is None:
        return None
    day, _, event = kept.value.partition(" ")
    return _Mark(date.fromisoformat(day), int(event))


def _count_events(
    db: Database, after: int, begin: date, until: date, step: int
) -> tuple[Counter[Key], Counter[Key], int]:
    """Return who came and went from `begin` up to but not `until`, and behind which event the next
    tally begins.
    """
    came, went = Counter[Key](), Counter[Key]()
    first_later = None
    with db.read() as session:
        last = session.scalar(select(func.max(ConsentEvent.id))) or 0
    for low in range(after, last, step):
        within = and_(ConsentEvent.id > low, ConsentEvent.id <= min(low + step, last))
        with db.read() as session:
            for newsletter_id, day, a_came, a_went in _of_step(session, within, begin, until):
                came[newsletter_id, day] += a_came
                went[newsletter_id, day] += a_went
            if first_later is None:
                later = select(func.min(ConsentEvent.id)).where(within, _since(until))
                first_later = session.scalar(later)
    return came, went, last if first_later is None else first_later - 1


def _of_step(
    session: Session, within: ColumnElement[bool], begin: date, until: date
) -> Iterator[tuple[int, date, int, int]]:
    day = _day_of(session.get_bind().dialect.name)
    joined = func.sum(case((ConsentEvent.kind.in_([kind.value for kind in CAME]), 1), else_=0))
    left = func.sum(case((ConsentEvent.kind == ConsentKind.LEFT.value, 1), else_=0))
    rows = session.execute(
        select(ConsentEvent.newsletter_id, day, joined, left)
        .where(within, _since(begin), ~_since(until))
        .group_by(ConsentEvent.newsletter_id, day)
    )
    for newsletter_id, text, a_came, a_went in rows:
        yield newsletter_id, date.fromisoformat(text), a_came, a_went


def _day_of(dialect: str) -> ColumnElement[str]:
    """Return the day (UTC) of an event as ISO 8601."""
    if dialect == "sqlite":
        return func.strftime("%Y-%m-%d", ConsentEvent.at)
    return func.to_char(func.timezone("UTC", ConsentEvent.at), "YYYY-MM-DD")


def _since(day: date) -> ColumnElement[bool]:
    return ConsentEvent.at >= datetime.combine(day, time(), UTC)


def _count_imported(session: Session, begin: date, until: date) -> Counter[Key]:
    """Return how many each import brought, on the day when it showed them."""
    imported = Counter[Key]()
    for each in session.scalars(select(Import).where(Import.state == ImportState.DONE)):
        if each.finished_at and begin <= (day := each.finished_at.date()) < until:
            imported[each.newsletter_id, day] += each.counts.get("added", 0)
    return imported


def _write(session: Session, came: Counter[Key], went: Counter[Key], last: date) -> None:
    readers = count_readers(session)
    slugs = {row.id: row.slug for row in session.scalars(select(Newsletter))}
    days = {*came, *went, *((id_, last) for id_ in slugs)}
    rows: list[dict[str, Any]] = [
        {
            **{"newsletter_id": id_, "day": day, "came": came[id_, day], "went": went[id_, day]},
            "readers": readers[slugs[id_]] if day == last else None,
        }
        for id_, day in sorted(days)
    ]
    if rows:
        session.execute(insert_new(session, ReaderDay), rows)


@dataclass(frozen=True, slots=True)
class Week:
    """A week from Monday: who came and went in it, how many readers there were at its end, and
    whether those were counted or worked back.
    """

    begins: date
    came: int
    went: int
    readers: int
    counted: bool

    @property
    def change(self) -> int:
        """Return how many more came than went."""
        return self.came - self.went


def list_weeks(session: Session, newsletter_id: int, most: int = 53) -> Sequence[Week]:
    """Return the latest tallied weeks, the oldest first; the last one may not be over yet. None
    before the first tally.
    """
    theirs = select(ReaderDay).where(ReaderDay.newsletter_id == newsletter_id)
    newest = theirs.order_by(ReaderDay.day.desc()).limit(7 * most)
    days = {row.day: row for row in session.scalars(newest)}
    return weeks_of(days)[-most:]


def weeks_of(days: Mapping[date, ReaderDay]) -> Sequence[Week]:
    """Return whole weeks of days; days that are missing in between changed nothing. Pure."""
    if not days:
        return []
    readers, day = _readers_by_day(days), _monday(min(days))
    weeks = []
    while day <= max(days):
        week = [row for at, row in days.items() if day <= at < day + 7 * A_DAY]
        weeks.append(
            Week(
                day,
                sum(row.came for row in week),
                sum(row.went for row in week),
                readers[min(day + 6 * A_DAY, max(days))],
                any(row.readers is not None for row in week),
            )
        )
        day += 7 * A_DAY
    return weeks


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _readers_by_day(days: Mapping[date, ReaderDay]) -> Mapping[date, int]:
    """Return how many readers there were after each day, worked back where nobody counted."""
    day, readers, found = max(days), 0, {}
    while day >= _monday(min(days)):
        row = days.get(day)
        if row is not None and row.readers is not None:
            readers = row.readers
        found[day] = max(readers, 0)
        readers -= row.came - row.went if row is not None else 0
        day -= A_DAY
    return found
