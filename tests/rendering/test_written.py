"""Dates and numbers as each language writes them."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.rendering.written import (
    date_line,
    number_written,
    solar_hijri,
    time_written,
    weekday_written,
)

FRIDAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en-GB", "Friday, 27 November 2026"),
        ("en", "Friday, November 27, 2026"),
        ("de", "Freitag, 27. November 2026"),
        ("fr", "Vendredi 27 novembre 2026"),
        ("es", "Viernes, 27 de noviembre de 2026"),
        ("ru", "Пятница, 27 ноября 2026\u202fг."),
        ("uk", "Пʼятниця, 27 листопада 2026\u202fр."),
        ("ar", "الجمعة، 27 نوفمبر 2026"),
        ("ar-EG", "الجمعة، ٢٧ نوفمبر ٢٠٢٦"),
        ("ar-SY", "الجمعة، ٢٧ تشرين الثاني ٢٠٢٦"),
        ("fa", "جمعه ۶ آذر ۱۴۰۵ (۲۷ نوامبر ۲۰۲۶)"),
        ("fa-AF", "جمعه ۶ قوس ۱۴۰۵ (۲۷ نومبر ۲۰۲۶)"),
        ("bn", "শুক্রবার, ২৭ নভেম্বর, ২০২৬"),
        ("ja", "2026年11月27日金曜日"),
        ("de-nonsense", "Freitag, 27. November 2026"),
        ("xx-nowhere", "Friday, November 27, 2026"),
    ],
)
def test_date_line_is_the_languages_own(language: str, line: str) -> None:
    assert date_line(FRIDAY, language).replace("\u00a0", "\u202f") == line


@pytest.mark.parametrize(
    ("language", "written"),
    [("en", "1047"), ("de-CH", "1047"), ("ar", "1047"), ("ar-EG", "١٠٤٧"), ("fa", "۱۰۴۷")],
)
def test_number_has_the_languages_digits_and_no_groups(language: str, written: str) -> None:
    assert number_written(1047, language) == written


@pytest.mark.parametrize(
    ("new_year", "year"),
    [
        (date(1979, 3, 21), 1358),
        (date(1996, 3, 20), 1375),
        (date(2000, 3, 20), 1379),
        (date(2017, 3, 21), 1396),
        (date(2020, 3, 20), 1399),
        (date(2021, 3, 21), 1400),
        (date(2024, 3, 20), 1403),
        (date(2025, 3, 21), 1404),
        (date(2026, 3, 21), 1405),
        (date(2029, 3, 20), 1408),
    ],
)
def test_persian_year_begins_with_spring(new_year: date, year: int) -> None:
    assert solar_hijri(new_year) == (year, 1, 1)
    assert solar_hijri(new_year - timedelta(days=1))[:2] == (year - 1, 12)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_persian_days_follow_one_another(day: date) -> None:
    year, month, of_month = solar_hijri(day)
    after = solar_hijri(day + timedelta(days=1))

    assert after in {(year, month, of_month + 1), (year, month + 1, 1), (year + 1, 1, 1)}
    assert 1 <= month <= 12
    assert 1 <= of_month <= 31


@pytest.mark.parametrize(
    ("language", "zone", "written"),
    [
        ("en-GB", "Europe/London", "07:00 (London)"),
        ("en", "UTC", "7:00\u202fAM (UTC)"),
        ("en", "Etc/GMT+3", "7:00\u202fAM (Etc/GMT+3)"),
        ("ru", "Europe/Riga", "07:00 (Рига)"),
        ("fa", "Asia/Tehran", "۷:۰۰ (تهران)"),
    ],
)
def test_time_is_written_with_the_place_it_is_of(language: str, zone: str, written: str) -> None:
    assert time_written(time(7), zone, language) == written


@pytest.mark.parametrize(
    ("language", "name"), [("en", "Friday"), ("uk", "Пʼятниця"), ("fa", "جمعه")]
)
def test_weekday_stands_alone_with_a_capital(language: str, name: str) -> None:
    assert weekday_written(4, language) == name
