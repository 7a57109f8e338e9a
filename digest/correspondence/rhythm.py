"""When a newsletter comes, in words."""

from gettext import NullTranslations

from digest.clock import WEEKDAYS
from digest.config import NewsletterConfig
from digest.rendering.written import time_written, weekday_written


def when_it_comes(words: NullTranslations, configured: NewsletterConfig, language: str) -> str:
    """Return weekday, time and place of the schedule, such as ``Every week: Friday, 07:00
    (London)``.
    """
    schedule = configured.schedule
    if schedule.readers_morning:
        said = words.gettext(
            "Every week: {weekday}, {time}; at that hour by your own clock, if you tell us your"
            " time zone"
        )
    else:
        said = words.gettext("Every week: {weekday}, {time}")
    return said.format(
        weekday=weekday_written(WEEKDAYS.index(schedule.weekday), language),
        time=time_written(schedule.time, schedule.timezone, language),
    )
