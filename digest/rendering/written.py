"""Dates and numbers as a language writes them.

Babel knows the order, the names and the default numbering system of each language (CLDR). Two
things are ours, for Babel has neither: the digits of other scripts, and the calendar of Iran and
Afghanistan. A Persian date is the Solar Hijri one with the Gregorian behind it, as at the head of
Persian papers (docs/decisions/0011-words-in-catalogues.md). What editors typed is never touched.
"""

from datetime import date, time
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_day_names, get_timezone_location
from babel.numbers import format_decimal

# The zero of each numbering system (CLDR's names); the other nine follow it in Unicode.
ZEROS = {
    "arab": 0x0660,
    "arabext": 0x06F0,
    "beng": 0x09E6,
    "deva": 0x0966,
    "khmr": 0x17E0,
    "mymr": 0x1040,
    "tibt": 0x0F20,
}
IRANIAN_MONTHS = (
    *("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور"),
    *("مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"),
)
AFGHAN_MONTHS = (
    *("حمل", "ثور", "جوزا", "سرطان", "اسد", "سنبله"),
    *("میزان", "عقرب", "قوس", "جدی", "دلو", "حوت"),
)
FIRST_DAY = date(622, 3, 21).toordinal()  # where the rule of 33 years puts 1 Farvardin 1


def date_line(day: date, language: str) -> str:
    """Return the date in full as it stands at the head of a page, such as ``Friday, 27 November
    2026``: a line of its own, so it begins with a capital where the script has any.
    """
    locale = locale_of(language)
    line = _persian_line(day, locale) if locale.language == "fa" else _full(day, locale)
    return in_digits_of(line[:1].upper() + line[1:], locale)


def number_written(number: int, language: str) -> str:
    """Return a number that counts or names, ungrouped, in the language's digits."""
    locale = locale_of(language)
    return in_digits_of(format_decimal(number, format="0", locale=locale), locale)


def weekday_written(weekday: int, language: str) -> str:
    """Return the name of a weekday (0 = Monday) as it stands alone, beginning with a capital."""
    name = str(get_day_names(context="stand-alone", locale=locale_of(language))[weekday])
    return name[:1].upper() + name[1:]


def time_written(at: time, zone: str, language: str) -> str:
    """Return a time of day with the place whose clock it is on, such as ``07:00 (London)``."""
    locale = locale_of(language)
    written = in_digits_of(format_time(at, "short", locale=locale), locale)
    return f"{written} ({_place(zone, locale)})"


def _place(zone: str, locale: Locale) -> str:
    """Return the city that stands for an IANA zone; what names no place stays as it is."""
    if "/" not in zone or zone.startswith("Etc/"):
        return zone
    return str(get_timezone_location(ZoneInfo(zone), locale=locale, return_city=True))


def in_digits_of(text: str, locale: Locale) -> str:
    """Return the text with its ASCII digits in the locale's default numbering system."""
    zero = ZEROS.get(locale.default_numbering_system)
    return text.translate({ord("0") + n: zero + n for n in range(10)}) if zero else text


def locale_of(language: str) -> Locale:
    """Return Babel's locale for a BCP 47 tag or for what it knows of it; else English."""
    try:
        return Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        primary, _, more = language.partition("-")
        return locale_of(primary) if more else Locale("en")


def _full(day: date, locale: Locale) -> str:
    return format_date(day, format="full", locale=locale)


def _persian_line(day: date, locale: Locale) -> str:
    year, month, of_month = solar_hijri(day)
    months = AFGHAN_MONTHS if locale.territory == "AF" else IRANIAN_MONTHS
    name = get_day_names(locale=locale)[day.weekday()]
    gregorian = format_date(day, format="long", locale=locale)
    return f"{name} {of_month} {months[month - 1]} {year} ({gregorian})"


def solar_hijri(day: date) -> tuple[int, int, int]:
    """Return year, month and day of the calendar of Iran, by the rule of 33 years, which in our
    centuries agrees with the sun.
    """
    year = day.year - 621
    if day.toordinal() < _new_year(year):
        year -= 1
    days = day.toordinal() - _new_year(year)
    if days < 186:  # six months of 31 days
        return year, days // 31 + 1, days % 31 + 1
    return year, (days - 186) // 30 + 7, (days - 186) % 30 + 1


def _new_year(year: int) -> int:
    return FIRST_DAY + 365 * (year - 1) + (8 * year + 21) // 33
