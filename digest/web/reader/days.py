"""Until when a reader pauses: four or eight weeks, or a day they chose.

A day begins at midnight where the reader is.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from digest.errors import BadInput
from digest.web.forms import PostedForm

WEEKS = (4, 8)
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Days:
    """The days a reader may choose from, today's being left out."""

    first: date
    last: date


def days_to_choose(now: datetime, zone: str) -> Days:
    """Return the days a pause may end on."""
    today = now.astimezone(ZoneInfo(zone)).date()
    return Days(today + timedelta(days=1), today + LONGEST)


def pause_end(form: PostedForm, now: datetime, zone: str) -> datetime:
    """Return the instant a pause ends: the day (ISO 8601) in the field `date` where one is filled
    in, or else `until`, a number of WEEKS or a day. BadInput for any other.
    """
    said = form.text("date") or form.text("until")
    today = now.astimezone(ZoneInfo(zone)).date()
    if said in map(str, WEEKS):
        return _midnight(today + timedelta(weeks=int(said)), zone)
    day = _day(said)
    between = days_to_choose(now, zone)
    if not between.first <= day <= between.last:
        raise BadInput("a pause ends on a day to come, within a year")
    return _midnight(day, zone)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("not a day") from error


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone))
