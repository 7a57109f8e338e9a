"""Languages and time zones to choose from, by the names their own people give them.

The zones are the common ones of each region; whoever lives in another types its IANA name.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import get_timezone_location

from digest.rendering.written import locale_of

Choices = Sequence[tuple[str, str]]  # (value, words)

COMMON: Mapping[str, Sequence[str]] = {
    "africa": (
        *("Africa/Abidjan", "Africa/Addis_Ababa", "Africa/Algiers", "Africa/Cairo"),
        *("Africa/Casablanca", "Africa/Harare", "Africa/Johannesburg", "Africa/Kampala"),
        *("Africa/Khartoum", "Africa/Kinshasa", "Africa/Lagos", "Africa/Nairobi", "Africa/Tunis"),
    ),
    "america": (
        *("America/Anchorage", "America/Bogota", "America/Buenos_Aires", "America/Caracas"),
        *("America/Chicago", "America/Denver", "America/Guatemala", "America/Halifax"),
        *("America/Havana", "America/Lima", "America/Los_Angeles", "America/Managua"),
        *("America/Mexico_City", "America/New_York", "America/Phoenix", "America/Santiago"),
        *("America/Sao_Paulo", "America/St_Johns", "America/Toronto", "America/Vancouver"),
    ),
    "asia": (
        *("Asia/Almaty", "Asia/Baghdad", "Asia/Baku", "Asia/Bangkok", "Asia/Beirut"),
        *("Asia/Bishkek", "Asia/Colombo", "Asia/Damascus", "Asia/Dhaka", "Asia/Dubai"),
        *("Asia/Dushanbe", "Asia/Ho_Chi_Minh", "Asia/Hong_Kong", "Asia/Irkutsk", "Asia/Jakarta"),
        *("Asia/Jerusalem", "Asia/Kabul", "Asia/Karachi", "Asia/Kathmandu", "Asia/Kolkata"),
        *("Asia/Krasnoyarsk", "Asia/Manila", "Asia/Novosibirsk", "Asia/Omsk", "Asia/Riyadh"),
        *("Asia/Seoul", "Asia/Shanghai", "Asia/Singapore", "Asia/Taipei", "Asia/Tashkent"),
        *("Asia/Tbilisi", "Asia/Tehran", "Asia/Tokyo", "Asia/Vladivostok", "Asia/Yakutsk"),
        *("Asia/Yangon", "Asia/Yekaterinburg", "Asia/Yerevan"),
    ),
    "europe": (
        *("Europe/Amsterdam", "Europe/Athens", "Europe/Belgrade", "Europe/Berlin"),
        *("Europe/Brussels", "Europe/Bucharest", "Europe/Budapest", "Europe/Chisinau"),
        *("Europe/Copenhagen", "Europe/Dublin", "Europe/Helsinki", "Europe/Istanbul"),
        *("Europe/Kaliningrad", "Europe/Kyiv", "Europe/Lisbon", "Europe/London", "Europe/Madrid"),
        *("Europe/Minsk", "Europe/Moscow", "Europe/Oslo", "Europe/Paris", "Europe/Prague"),
        *("Europe/Riga", "Europe/Rome", "Europe/Samara", "Europe/Sofia", "Europe/Stockholm"),
        *("Europe/Tallinn", "Europe/Vienna", "Europe/Vilnius", "Europe/Warsaw", "Europe/Zurich"),
    ),
    "pacific": (
        *("Australia/Adelaide", "Australia/Brisbane", "Australia/Darwin", "Australia/Perth"),
        *("Australia/Sydney", "Pacific/Auckland", "Pacific/Fiji", "Pacific/Guam"),
        *("Pacific/Honolulu", "Pacific/Port_Moresby"),
    ),
}
KNOWN = frozenset(zone for zones in COMMON.values() for zone in zones)


@lru_cache(maxsize=64)
def zones_by_region(language: str) -> Mapping[str, Choices]:
    """Return (IANA name, city in that language) pairs by region, in the order of the cities."""
    locale = locale_of(language)
    return {
        region: sorted(((zone, _city(zone, locale)) for zone in zones), key=lambda pair: pair[1])
        for region, zones in COMMON.items()
    }


def _city(zone: str, locale: Locale) -> str:
    return get_timezone_location(zone, locale=locale, return_city=True)


def languages_by_name(tags: Sequence[str]) -> Choices:
    """Return (BCP 47 tag, what its speakers call it) pairs, in the order of the tags."""
    return [(tag, _own_name(tag)) for tag in tags]


def _own_name(tag: str) -> str:
    try:
        return Locale.parse(tag, sep="-").get_display_name() or tag
    except (UnknownLocaleError, ValueError):
        return tag
